using System.Text.Json.Nodes;
using EGoat.Testing;
using Xunit.Abstractions;

namespace EGoat.Cli.Tests;

/// <summary>Files between processes that are killed, disks that are full, folders of very many files, pipes.</summary>
public sealed class FileTests(ITestOutputHelper output) : ProgramTest
{
    private const int Mebibyte = 1024 * 1024;

    /// <summary>What may travel twice: the content that is not acknowledged.</summary>
    private const int MaxRepeated = 16 * Mebibyte;

    private string Inbox => Path.Combine(Folder, "inbox");

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 50)]
    [InlineData(true, 99.9)]
    [InlineData(false, 1)]
    [InlineData(false, 50)]
    [InlineData(false, 99.9)]
    public async Task A_kill_loses_nothing_and_the_same_commands_finish(bool killsReceiver, double percent)
    {
        long length = LongRun.Choose(103L, 1024L) * Mebibyte;
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", length);
        string server = await ServeAsync();
        (CliProcess receive, CliProcess send) = await StartAsync(server, source);
        WaitForPartial((long)(length * percent / 100));
        (killsReceiver ? receive : send).Kill();
        long held = HeldBytes();
        JsonObject sent = await FinishAsync(server, source, killsReceiver, receive, send);
        Assert.InRange((long)sent["bytesTransferred"]!, 0, length - held + MaxRepeated);
        Assert.Equal(length, (long)sent["bytesTransferred"]! + (long)sent["bytesResumed"]!);
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
        Assert.Single(Directory.GetFiles(Inbox));
        output.WriteLine($"{percent} %: {held:N0} bytes held, {sent["bytesTransferred"]:N0} sent again and on");
    }

    // The tracer ends or stops the receiver at a call of the system: when all is verified and is being synced, when it gets its
    // name, and when it has it and the sender does not know.
    [TraceTheory]
    [InlineData("fsync", true, true)]
    [InlineData("renameat2", false, true)]
    [InlineData("fsync", false, true)]
    [InlineData("fsync", true, false)]
    [InlineData("renameat2", false, false)]
    [InlineData("fsync", false, false)]
    public async Task A_kill_at_the_end_loses_nothing(string call, bool isOfPartial, bool killsReceiver)
    {
        long length = (LongRun.Choose(20L, 1024L) * Mebibyte) + 5;
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", length);
        string server = await ServeAsync();
        string partial = await FindPartialPathAsync(server, source);
        CliProcess send = Start("ada", SendWords(server, source));
        await send.ReadEventAsync("joined");
        string[] traced = call == "fsync" ? ["-P", isOfPartial ? partial : Inbox] : [];
        CliProcess receive = CliProcess.StartIn(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={call}:signal={(killsReceiver ? "KILL" : "STOP")}", .. traced],
            Home("bob"), ReceiveWords(server));
        Keep(receive);
        string target = Path.Combine(Inbox, "goat.bin");
        if (killsReceiver)
        {
            await receive.WaitForExitAsync();
            string left = call == "fsync" && !isOfPartial ? target : partial;
            Assert.Equal(left, Assert.Single(Directory.GetFiles(Inbox)));
            Assert.Equal(length, new FileInfo(left).Length);
        }
        else
        {
            WaitForPartial(length);
            int stopped = receive.WaitForStoppedChild();
            send.Kill();
            await RunAsync("kill", "-CONT", $"{stopped}");
        }

        JsonObject sent = await FinishAsync(server, source, killsReceiver, receive, send);
        Assert.Equal((0, length), ((long)sent["bytesTransferred"]!, (long)sent["bytesResumed"]!));
        Assert.Equal(hash, TestFile.HashOf(Assert.Single(Directory.GetFiles(Inbox))));
    }

    [Fact]
    public async Task Kills_at_random_moments_lose_nothing()
    {
        const int seed = 2026;
        long length = LongRun.Choose(103L, 1024L) * Mebibyte;
        int kills = LongRun.Choose(4, 30);
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", length);
        string server = await ServeAsync();
        var random = new Random(seed);
        (CliProcess receive, CliProcess send) = await StartAsync(server, source);
        for (int kill = 0; kill < kills; kill++)
        {
            bool killsReceiver = random.Next(2) == 0;
            WaitForPartial((long)(length * (kill + random.NextDouble()) / (kills + 1)));
            (killsReceiver ? receive : send).Kill();
            if (killsReceiver)
            {
                send.Kill();
                receive = await ReceiveAsync(server);
            }

            send = Start("ada", SendWords(server, source));
        }

        JsonObject sent = await send.ReadEventAsync("transfer");
        Assert.True((string?)sent["state"] == "Completed", $"seed {seed}: {sent["error"]}");
        Assert.Equal(0, (await send.EndAsync()).ExitCode);
        Assert.Equal(0, (await receive.EndAsync()).ExitCode);
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
        Assert.Single(Directory.GetFiles(Inbox));
    }

    [Fact]
    public async Task Of_a_changed_file_only_the_changed_blocks_travel()
    {
        long length = LongRun.Choose(205L, 2048L) * Mebibyte;
        (string source, _) = TestFile.Create(Folder, "goat.bin", length);
        string server = await ServeAsync();
        CliProcess receive = Start("bob", "receive", "--server", server, "--room", "lobby", "--output", Inbox, "--force", "--files", "2", "--json");
        await receive.ReadEventAsync("joined");
        Assert.Equal(0, (await CliProcess.RunAsync(Home("ada"), SendWords(server, source))).ExitCode);
        await using (FileStream file = File.OpenWrite(source))
        {
            for (int i = 0; i < 5; i++)
            {
                file.Position = (length / 5 * i) + 12_345;
                file.Write("changed"u8);
            }
        }

        CliProcess send = Start("ada", SendWords(server, source));
        JsonObject sent = await send.ReadEventAsync("transfer");
        Assert.True((string?)sent["state"] == "Completed", (string?)sent["error"]);
        Assert.InRange((long)sent["bytesTransferred"]!, 5 * 7, 6 * Mebibyte);
        Assert.Equal(0, (await send.EndAsync()).ExitCode);
        Assert.Equal(0, (await receive.EndAsync()).ExitCode);
        Assert.Equal(TestFile.HashOf(source), TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
        output.WriteLine($"{length:N0} bytes, {sent["bytesTransferred"]:N0} travelled");
    }

    [Fact]
    public async Task A_folder_of_very_many_files_needs_little_memory()
    {
        int count = LongRun.Choose(10_000, 100_000);
        string tree = Path.Combine(Folder, "tree");
        var content = new byte[1024];
        var random = new Random(11);
        for (int i = 0; i < count; i++)
        {
            string folder = Path.Combine(tree, $"{i / 1000:D3}");
            Directory.CreateDirectory(folder);
            random.NextBytes(content);
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{i % 1000:D3}"), content);
        }

        string server = await ServeAsync();
        CliProcess receive = await ReceiveAllAsync(server);
        CliProcess send = Start("ada", "send", "--server", server, "--room", "lobby", "--recurse", "--json", tree);
        for (int i = 0; i < count; i++)
        {
            JsonObject sent = await send.ReadEventAsync("transfer");
            Assert.True((string?)sent["state"] == "Completed", (string?)sent["error"]);
        }

        // Its last line comes before its end.
        int receiverMebibytes = receive.PeakResidentMebibytes;
        Assert.Equal(0, (await send.EndAsync()).ExitCode);
        Assert.InRange(receiverMebibytes, 1, 200);
        foreach (string file in Directory.EnumerateFiles(tree, "*", SearchOption.AllDirectories))
        {
            Assert.Equal(await File.ReadAllBytesAsync(file), await File.ReadAllBytesAsync(Path.Combine(Inbox, "tree", Path.GetRelativePath(tree, file))));
        }

        Assert.Equal(count, Directory.EnumerateFiles(Inbox, "*", SearchOption.AllDirectories).Count());
        output.WriteLine($"{count:N0} files, receiver {receiverMebibytes} MiB");
    }

    [MountFact]
    public async Task A_full_disk_is_said_on_both_sides_and_with_space_the_same_command_finishes()
    {
        int megabytes = LongRun.Choose(8, 64);
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", 4L * megabytes * Mebibyte);
        Directory.CreateDirectory(Inbox);
        await RunAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", Inbox);
        try
        {
            string server = await ServeAsync();
            CliProcess receive = Start("bob", "receive", "--server", server, "--room", "lobby", "--output", Inbox, "--files", "1", "--json");
            await receive.ReadEventAsync("joined");
            (int exitCode, string[] lines, _) = await CliProcess.RunAsync(Home("ada"), SendWords(server, source));
            Assert.Equal(1, exitCode);
            JsonObject sent = lines.Select(l => JsonNode.Parse(l)!.AsObject()).Single(l => (string?)l["event"] == "transfer");
            JsonObject received = await receive.ReadEventAsync("transfer");
            Assert.Equal(("Failed", "Failed"), ((string?)sent["state"], (string?)received["state"]));
            Assert.Contains("disk", (string?)received["error"], StringComparison.OrdinalIgnoreCase);
            Assert.Contains((string)received["error"]!, (string?)sent["error"], StringComparison.Ordinal);

            await RunAsync("mount", "-o", $"remount,size={8 * megabytes}m", Inbox);
            Assert.Equal(0, (await CliProcess.RunAsync(Home("ada"), SendWords(server, source))).ExitCode);
            Assert.Equal(0, (await receive.EndAsync()).ExitCode);
            Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
        }
        finally
        {
            await RunAsync("umount", "-l", Inbox);
        }
    }

    [MountFact]
    public async Task A_disk_that_others_fill_in_the_middle_keeps_what_was_received()
    {
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", 24 * Mebibyte);
        Directory.CreateDirectory(Inbox);
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", Inbox);
        try
        {
            string server = await ServeAsync();
            CliProcess receive = await ReceiveAllAsync(server);
            CliProcess send = Start("ada", [.. SendWords(server, source), "--max-rate", "4MB"]);
            WaitForPartial(2 * Mebibyte);
            string filler = Path.Combine(Inbox, "filler");
            Fill(filler);
            await ExpectFailureAsync(send, receive, "No space left on device");
            File.Delete(filler);
            JsonObject sent = await SendAgainAsync(server, source);
            Assert.InRange((long)sent["bytesResumed"]!, 2 * Mebibyte, 24 * Mebibyte);
            Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
        }
        finally
        {
            await RunAsync("umount", "-l", Inbox);
        }

        static void Fill(string path)
        {
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            try
            {
                while (true)
                {
                    file.Write(new byte[4096]);
                }
            }
            catch (IOException)
            {
                // It is full.
            }
        }
    }

    [MountFact]
    public async Task A_folder_that_becomes_read_only_is_said_on_both_sides_and_when_it_can_be_written_the_same_command_finishes()
    {
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", Mebibyte);
        Directory.CreateDirectory(Inbox);
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", Inbox);
        try
        {
            string server = await ServeAsync();
            CliProcess receive = await ReceiveAllAsync(server);
            await RunAsync("mount", "-o", "remount,ro", Inbox);
            await ExpectFailureAsync(Start("ada", SendWords(server, source)), receive, "Read-only file system");
            await RunAsync("mount", "-o", "remount,rw", Inbox);
            await SendAgainAsync(server, source);
            Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
        }
        finally
        {
            await RunAsync("umount", "-l", Inbox);
        }
    }

    [Fact]
    public async Task A_folder_that_is_removed_in_the_middle_is_said_on_both_sides()
    {
        string server = await ServeAsync();
        CliProcess receive = await ReceiveAllAsync(server);
        (string source, _) = TestFile.Create(Folder, "goat.bin", 4 * Mebibyte);
        CliProcess send = Start("ada", [.. SendWords(server, source), "--max-rate", "1MB"]);
        WaitForPartial(Mebibyte);
        Directory.Delete(Inbox, recursive: true);
        await ExpectFailureAsync(send, receive, "is not there any more");
    }

    // The sender of eight receivers reads once, and what waits for each is bounded.
    [Fact]
    public async Task Eight_receivers_and_their_sender_need_little_memory()
    {
        const int count = 8;
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", LongRun.Choose(40L, 1024L) * Mebibyte);
        string server = await ServeAsync();
        var receivers = new CliProcess[count];
        for (int i = 0; i < count; i++)
        {
            receivers[i] = Start($"receiver-{i}", "receive", "--server", server, "--room", "lobby", "--output", $"{Inbox}-{i}", "--json");
            await receivers[i].ReadEventAsync("joined");
        }

        CliProcess send = Start("ada", [.. SendWords(server, source), "--peers", $"{count}"]);
        Task<int> measuring = MeasureAsync(send);
        for (int i = 0; i < count; i++)
        {
            JsonObject sent = await send.ReadEventAsync("transfer");
            Assert.True((string?)sent["state"] == "Completed", (string?)sent["error"]);
        }

        Assert.Equal(0, (await send.EndAsync()).ExitCode);
        int senderMebibytes = await measuring;
        int[] receiverMebibytes = [.. receivers.Select(r => r.PeakResidentMebibytes)];
        output.WriteLine($"sender {senderMebibytes} MiB, receivers {string.Join(", ", receiverMebibytes)} MiB");
        Assert.InRange(senderMebibytes, 1, 300);
        Assert.All(receiverMebibytes, m => Assert.InRange(m, 1, 200));
        Assert.All(Enumerable.Range(0, count), i => Assert.Equal(hash, TestFile.HashOf(Path.Combine($"{Inbox}-{i}", "goat.bin"))));

        // The system tells it as long as the process lives.
        static async Task<int> MeasureAsync(CliProcess process)
        {
            int peak = 0;
            while (true)
            {
                try
                {
                    peak = process.PeakResidentMebibytes;
                }
                catch (Exception e) when (e is IOException or InvalidOperationException)
                {
                    return peak;
                }

                await Task.Delay(10);
            }
        }
    }

    [Fact]
    public async Task A_folder_that_vanishes_is_said_on_both_sides()
    {
        string server = await ServeAsync();
        CliProcess receive = await ReceiveAllAsync(server);
        (string source, _) = TestFile.Create(Folder, "goat.bin", Mebibyte);
        Assert.Equal(0, (await CliProcess.RunAsync(Home("ada"), SendWords(server, source))).ExitCode);
        Directory.Delete(Inbox, recursive: true);
        (int exitCode, string[] lines, _) = await CliProcess.RunAsync(Home("ada"), SendWords(server, source));
        Assert.Equal(1, exitCode);
        Assert.Contains(lines, l => l.Contains("is not there any more", StringComparison.Ordinal));
    }

    // What the slow one gets is not read until the other one has everything.
    [ProgramFact("mkfifo")]
    public async Task A_slow_receiver_slows_only_itself()
    {
        string server = await ServeAsync();
        string taken = Path.Combine(Folder, "taken");
        await RunAsync("mkfifo", $"{taken}.go");
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", (LongRun.Choose(103L, 1024L) * Mebibyte) + 1);
        CliProcess quick = await ReceiveAsync(server);
        CliProcess slow = CliProcess.StartIn(
            ["sh", "-c", "\"$@\" | { read go < \"$0.go\"; cat > \"$0\"; }", taken], Home("carol"), ["receive", "--server", server, "--room", "lobby", "--name", "slow", "--stdout"]);
        Keep(slow);
        CliProcess send = Start("ada", [.. SendWords(server, source), "--peers", "2"]);
        JsonObject first = await send.ReadEventAsync("transfer");
        Assert.True((string?)first["state"] == "Completed", (string?)first["error"]);
        Assert.NotEqual("slow", (string?)first["peer"]);
        Assert.Equal(0, (await quick.EndAsync()).ExitCode);
        int senderMebibytes = send.PeakResidentMebibytes;
        await RunAsync("sh", "-c", "echo go > \"$0\"", $"{taken}.go");
        JsonObject second = await send.ReadEventAsync("transfer");
        Assert.True((string?)second["state"] == "Completed", (string?)second["error"]);
        Assert.Equal("slow", (string?)second["peer"]);
        Assert.Equal(0, (await send.EndAsync()).ExitCode);
        Assert.Equal(0, (await slow.EndAsync()).ExitCode);
        Assert.Equal(hash, TestFile.HashOf(taken));
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
        Assert.InRange(senderMebibytes, 1, 250);
        output.WriteLine($"sender {senderMebibytes} MiB");
    }

    [ProgramFact("sh")]
    public async Task A_pipe_goes_to_a_pipe()
    {
        string server = await ServeAsync();
        string taken = Path.Combine(Folder, "taken");
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", (20 * Mebibyte) + 1);
        CliProcess receive = CliProcess.StartIn(["sh", "-c", "exec \"$@\" > \"$0\"", taken], Home("bob"), ["receive", "--server", server, "--room", "lobby", "--stdout"]);
        Keep(receive);
        CliProcess send = CliProcess.StartIn(["sh", "-c", "exec \"$@\" < \"$0\"", source], Home("ada"), ["send", "--server", server, "--room", "lobby", "--json", "-", "--file-name", "dump"]);
        Keep(send);
        JsonObject sent = await send.ReadEventAsync("transfer");
        Assert.Equal(("Completed", "dump"), ((string?)sent["state"], (string?)sent["name"]));
        Assert.Equal(0, (await receive.EndAsync()).ExitCode);
        Assert.Equal(0, (await send.EndAsync()).ExitCode);
        Assert.Equal(hash, TestFile.HashOf(taken));
    }

    [Fact]
    public async Task The_receiver_is_asked_and_takes_some()
    {
        string server = await ServeAsync();
        CliProcess receive = Start("bob", "receive", "--server", server, "--room", "lobby", "--output", Inbox, "--ask");
        Assert.StartsWith("Joined", await receive.ReadLineAsync(), StringComparison.Ordinal);
        string[] paths = [.. new[] { "one", "two", "three" }.Select(n => TestFile.Create(Folder, n, 1000).Path)];
        CliProcess send = Start("ada", ["send", "--server", server, "--room", "lobby", "--name", "ada", "--json", .. paths]);
        while (!(await receive.ReadLineAsync()).StartsWith("Take them?", StringComparison.Ordinal))
        {
        }

        receive.WriteLine("perhaps");
        Assert.Equal("Answer y, n, or numbers such as 1,3-5.", await receive.ReadLineAsync());
        receive.WriteLine("1, 3");
        Assert.Equal(4, (await send.EndAsync()).ExitCode);
        Assert.Equal(["one", "three"], Directory.GetFiles(Inbox).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("receive --server http://127.0.0.1:9 --room lobby", "Name a folder with --output, or take --stdout.")]
    [InlineData("receive --server http://127.0.0.1:9 --room lobby --output x --max-rate fast", "'fast' is not a number of bytes such as")]
    [InlineData("receive --server http://127.0.0.1:9 --room lobby --output x --max-parallel 0", "--max-parallel is a number of transfers from 1 on.")]
    [InlineData("receive --server http://127.0.0.1:9 --room lobby --output x --existing perhaps", "perhaps")]
    public async Task Wrong_options_are_said_in_one_line(string arguments, string expected)
    {
        (int exitCode, _, string errors) = await CliProcess.RunAsync(Home("ada"), arguments.Split(' '));
        Assert.Equal(2, exitCode);
        Assert.Contains(expected, Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private static string[] SendWords(string server, string source) => ["send", "--server", server, "--room", "lobby", "--json", source];

    private string[] ReceiveWords(string server) => ["receive", "--server", server, "--room", "lobby", "--output", Inbox, "--files", "1", "--json"];

    // Either side tells the same reason, and lives.
    private static async Task ExpectFailureAsync(CliProcess send, CliProcess receive, string reason)
    {
        JsonObject sent = await send.ReadEventAsync("transfer");
        JsonObject received = await receive.ReadEventAsync("transfer");
        Assert.Equal(("Failed", "Failed"), ((string?)sent["state"], (string?)received["state"]));
        Assert.Contains(reason, (string?)received["error"], StringComparison.Ordinal);
        Assert.DoesNotContain("/proc/", (string?)received["error"], StringComparison.Ordinal);
        Assert.Contains((string)received["error"]!, (string?)sent["error"], StringComparison.Ordinal);
        Assert.Equal(1, (await send.EndAsync()).ExitCode);
    }

    private async Task<JsonObject> SendAgainAsync(string server, string source)
    {
        CliProcess send = Start("ada", SendWords(server, source));
        JsonObject sent = await send.ReadEventAsync("transfer");
        Assert.True((string?)sent["state"] == "Completed", (string?)sent["error"]);
        Assert.Equal(0, (await send.EndAsync()).ExitCode);
        return sent;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private Task<CliProcess> ReceiveAsync(string server) => JoinAsync(ReceiveWords(server));

    // Until it is ended.
    private Task<CliProcess> ReceiveAllAsync(string server) => JoinAsync("receive", "--server", server, "--room", "lobby", "--output", Inbox, "--json");

    private async Task<CliProcess> JoinAsync(params string[] words)
    {
        CliProcess receive = Start("bob", words);
        await receive.ReadEventAsync("joined");
        return receive;
    }

    // The file that a transfer of ada's grows in: the same one each time the same source is sent.
    private async Task<string> FindPartialPathAsync(string server, string source)
    {
        CliProcess receive = await ReceiveAllAsync(server);
        CliProcess send = Start("ada", [.. SendWords(server, source), "--max-rate", "1MB"]);
        WaitForPartial(1);
        receive.Kill();
        send.Kill();
        string path = Assert.Single(Directory.GetFiles(Inbox));
        File.Delete(path);
        return path;
    }

    private async Task<(CliProcess Receive, CliProcess Send)> StartAsync(string server, string source) =>
        (await ReceiveAsync(server), Start("ada", SendWords(server, source)));

    // The same two commands again; a receiver that lives goes on by itself, or has all and ends.
    private async Task<JsonObject> FinishAsync(string server, string source, bool receiverIsDead, CliProcess receive, CliProcess send)
    {
        if (receiverIsDead)
        {
            send.Kill();
            receive = await ReceiveAsync(server);
        }

        send = Start("ada", SendWords(server, source));
        Task<JsonObject> sending = send.ReadEventAsync("transfer");
        Assert.Equal(0, (await receive.EndAsync()).ExitCode);
        if (!sending.IsCompleted)
        {
            await ReceiveAsync(server);
        }

        JsonObject sent = await sending;
        Assert.True((string?)sent["state"] == "Completed", (string?)sent["error"]);
        Assert.Equal(0, (await send.EndAsync()).ExitCode);
        return sent;
    }

    private long HeldBytes() => Directory.GetFiles(Inbox).Sum(LengthOf) / Mebibyte * Mebibyte;

    private void WaitForPartial(long length) =>
        Assert.True(SpinWait.SpinUntil(() => Directory.GetFiles(Inbox).Any(f => LengthOf(f) >= length), TimeSpan.FromSeconds(60)));

    // A file may be renamed or removed between the listing and the look.
    private static long LengthOf(string path)
    {
        try
        {
            return new FileInfo(path).Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
