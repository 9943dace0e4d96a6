using System.Text.Json.Nodes;
using EGoat.Testing;

namespace EGoat.Cli.Tests;

/// <summary>Files in <c>egoat chat</c>: offered, answered, paused and given up by commands.</summary>
public sealed class ChatTransferTests : IDisposable
{
    private const int Length = 8 * 1024 * 1024;

    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-chat-").FullName;
    private readonly List<CliProcess> _processes = [];

    public void Dispose()
    {
        _processes.ForEach(p => p.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Offers_are_accepted_in_part_or_rejected()
    {
        (CliProcess ada, CliProcess bob) = await ChatAsync("--ask");
        string tree = Directory.CreateDirectory(Path.Combine(_folder, "tree")).FullName;
        byte[] content = TestFile.Create(tree, "b.bin", 1000).Hash;
        TestFile.Create(tree, "a.bin", 1000);
        ada.WriteLine($"/send {tree}");
        JsonObject offer = await bob.ReadEventAsync("offer");
        string[] paths = [.. offer["files"]!.AsArray().Select(f => (string)f!["path"]!)];
        int wanted = Array.FindIndex(paths, p => p.EndsWith("b.bin", StringComparison.Ordinal)) + 1;
        bob.WriteLine($"/accept {offer["number"]} {wanted}");
        JsonObject received = await bob.ReadEventAsync("transfer", t => (string?)t["state"] == "Completed");
        Assert.Equal(content, TestFile.HashOf((string)received["path"]!));
        Assert.NotNull(await ada.ReadEventAsync("transfer", t => (string?)t["state"] == "Rejected"));
        Assert.False(File.Exists(Path.Combine(_folder, "inbox", "tree", "a.bin")));

        ada.WriteLine($"/send {TestFile.Create(_folder, "unwanted.bin", 1000).Path}");
        await bob.ReadEventAsync("offer");
        bob.WriteLine("/reject");
        JsonObject rejected = await ada.ReadEventAsync("transfer", t => ((string)t["path"]!).EndsWith("unwanted.bin", StringComparison.Ordinal));
        Assert.Equal("Rejected", (string?)rejected["state"]);
        await EndAsync(ada, bob);
    }

    [Fact]
    public async Task A_transfer_rests_goes_on_and_is_given_up()
    {
        (CliProcess ada, CliProcess bob) = await ChatAsync("--ask");
        ada.WriteLine($"/send {TestFile.Create(_folder, "goat.bin", Length).Path}");
        await bob.ReadEventAsync("offer");
        ada.WriteLine("/pause");
        bob.WriteLine("/accept");
        await AwaitStateAsync(ada, "Paused");
        await AwaitStateAsync(bob, "Paused");
        ada.WriteLine("/resume");
        JsonObject received = await bob.ReadEventAsync("transfer");
        Assert.Equal("Completed", (string?)received["state"]);
        Assert.Equal(Length, (long)received["length"]!);

        ada.WriteLine($"/send {TestFile.Create(_folder, "second.bin", Length).Path}");
        await bob.ReadEventAsync("offer");
        ada.WriteLine("/cancel 2");
        JsonObject cancelled = await ada.ReadEventAsync("transfer", t => (string?)t["state"] == "Cancelled");
        Assert.EndsWith("second.bin", (string)cancelled["path"]!, StringComparison.Ordinal);
        await bob.ReadEventAsync("withdrawn");
        await EndAsync(ada, bob);
    }

    [Fact]
    public async Task Commands_that_make_no_sense_say_what_would()
    {
        (CliProcess ada, CliProcess bob) = await ChatAsync("--ask");
        ada.WriteLine("/frobnicate");
        ada.WriteLine("/send");
        ada.WriteLine("/pause");
        bob.WriteLine("/accept 7");
        foreach (string expected in (string[])["There is no command /frobnicate; /help shows those that there are.", "Name a file: /send PATH.", "There is no transfer."])
        {
            Assert.StartsWith(expected, (string?)(await ada.ReadEventAsync("warning"))["text"], StringComparison.Ordinal);
        }

        Assert.Equal("There is no offer.", (string?)(await bob.ReadEventAsync("warning"))["text"]);
        await EndAsync(ada, bob);
    }

    private static async Task AwaitStateAsync(CliProcess process, string state)
    {
        bool isShown = false;
        while (!isShown)
        {
            process.WriteLine("/transfers");
            JsonObject line;
            do
            {
                line = JsonNode.Parse(await process.ReadLineAsync())!.AsObject();
                isShown |= (string?)line["event"] == "transfer" && (string?)line["state"] == state;
            }
            while ((string?)line["event"] != "transfers");
        }
    }

    private static async Task EndAsync(CliProcess ada, CliProcess bob)
    {
        foreach (CliProcess process in (CliProcess[])[ada, bob])
        {
            process.WriteLine("/quit");
            Assert.Equal(0, (await process.EndAsync()).ExitCode);
        }
    }

    private async Task<(CliProcess Ada, CliProcess Bob)> ChatAsync(params string[] options)
    {
        CliProcess serve = Start("server", "serve", "--listen", "127.0.0.1:0", "--json");
        string url = (string)JsonNode.Parse(await serve.ReadLineAsync())!["url"]!;
        CliProcess bob = Start("bob", ["chat", "--server", url, "--room", "lobby", "--json", "--name", "bob", "--commands", "--output", Path.Combine(_folder, "inbox"), .. options]);
        await bob.ReadEventAsync("joined");
        CliProcess ada = Start("ada", "chat", "--server", url, "--room", "lobby", "--json", "--name", "ada", "--commands");
        await ada.ReadEventAsync("join");
        await bob.ReadEventAsync("join");
        return (ada, bob);
    }

    private CliProcess Start(string home, params IEnumerable<string> arguments)
    {
        CliProcess process = CliProcess.Start(Path.Combine(_folder, home), arguments);
        _processes.Add(process);
        return process;
    }
}
