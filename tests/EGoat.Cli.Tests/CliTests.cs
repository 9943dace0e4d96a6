using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace EGoat.Cli.Tests;

public sealed class CliTests : ProgramTest
{
    [Fact]
    public async Task Demo_ends_with_ok()
    {
        (int exitCode, string[] lines, string errors) = await CliProcess.RunAsync(Home("demo"), "demo", "--mib", "5", "--json");
        Assert.True(exitCode == 0, errors);
        JsonObject last = JsonNode.Parse(lines[^1])!.AsObject();
        Assert.True((bool)last["ok"]!);
        Assert.True((bool)last["hashEqual"]!);
        Assert.Equal(5 * 1024 * 1024, (long)last["fileBytes"]!);
        Assert.Equal(4, (int)last["messages"]!);
        Assert.True((double)last["mibPerSecond"]! > 0);
        JsonEventTests.Validate(lines);
        Assert.StartsWith("{\"ok\":true,\"messages\":4,\"fileBytes\":5242880,\"hashEqual\":true,\"mibPerSecond\":", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_goes_from_send_to_receive_and_both_end_with_0()
    {
        string server = await ServeAsync();
        string source = Path.Combine(Folder, "goat.bin");
        var content = new byte[(3 * 1024 * 1024) + 5];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(source, content);
        CliProcess receive = Start("bob", "receive", "--server", server, "--room", "lobby", "--output", Path.Combine(Folder, "inbox"), "--files", "1", "--json", "--name", "bob");
        await receive.ReadEventAsync("joined");
        (int exitCode, string[] lines, string errors) = await CliProcess.RunAsync(Home("ada"), "send", "--server", server, "--room", "lobby", "--name", "ada", "--text", "here it comes", "--json", source);
        Assert.True(exitCode == 0, errors);
        JsonObject message = await receive.ReadEventAsync("message");
        Assert.Equal("here it comes", (string?)message["text"]);
        JsonObject received = await receive.ReadEventAsync("transfer");
        (int receiveExitCode, _, string receiveErrors) = await receive.EndAsync();
        Assert.True(receiveExitCode == 0, receiveErrors);
        Assert.Equal("Completed", (string?)received["state"]);
        Assert.Equal("ada", (string?)received["peer"]);
        Assert.Equal(content, await File.ReadAllBytesAsync((string)received["path"]!));
        JsonObject sent = lines.Select(l => JsonNode.Parse(l)!.AsObject()).Single(l => (string?)l["event"] == "transfer");
        Assert.Equal((string?)received["treeHash"], (string?)sent["treeHash"]);

        (_, string[] hashes, _) = await CliProcess.RunAsync(Home("ada"), "hash", source);
        Assert.Equal($"{sent["treeHash"]}  {source}", Assert.Single(hashes));
        (_, string[] history, _) = await CliProcess.RunAsync(Home("bob"), "history", "--room", "lobby", "--json");
        JsonObject row = JsonNode.Parse(Assert.Single(history))!.AsObject();
        Assert.Equal("here it comes", (string?)row["text"]);
        Assert.Equal("Received", (string?)row["direction"]);
    }

    [Fact]
    public async Task Chat_lists_the_peers_with_the_statistics_of_their_connections()
    {
        string server = await ServeAsync();
        CliProcess bob = Start("bob", "chat", "--server", server, "--room", "lobby", "--json", "--name", "bob");
        await bob.ReadEventAsync("joined");
        CliProcess ada = Start("ada", "chat", "--server", server, "--room", "lobby", "--json", "--name", "ada", "--commands");
        await ada.ReadEventAsync("join");
        ada.WriteLine("/peers");
        JsonObject peer = await ada.ReadEventAsync("peer");
        Assert.Equal(("bob", "Connected"), ((string?)peer["name"], (string?)peer["state"]));
        JsonObject statistics = peer["statistics"]!.AsObject();
        Assert.Equal("host", (string?)statistics["localCandidateType"]);
        Assert.True((long)statistics["bytesSent"]! > 0);
        ada.CloseInput();
        Assert.Equal(0, (await ada.EndAsync()).ExitCode);
        bob.CloseInput();
        Assert.Equal(0, (await bob.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task Trace_tells_on_standard_error_what_connections_do_and_nothing_secret()
    {
        CliProcess serve = Start("server", "serve", "--listen", "127.0.0.1:0", "--json", "--trace");
        string server = (string)JsonNode.Parse(await serve.ReadLineAsync())!["url"]!;
        string source = Path.Combine(Folder, "goat.txt");
        await File.WriteAllTextAsync(source, "bleat");
        CliProcess receive = Start("bob", "receive", "--server", server, "--room", "lobby", "--output", Path.Combine(Folder, "inbox"), "--files", "1", "--json", "--name", "bob", "--trace");
        await receive.ReadEventAsync("joined");
        string[] words = ["send", "--server", server.Replace("//", "//ada:capricorn@", StringComparison.Ordinal), "--room", "lobby", "--name", "ada", "--json", source];
        (int exitCode, string[] lines, string errors) = await CliProcess.RunAsync(Home("ada"), [.. words, "--trace"]);
        Assert.True(exitCode == 0, errors);
        Assert.All(lines, l => JsonNode.Parse(l));
        foreach (string category in (string[])["Connection", "Ice", "Dtls", "Sctp", "Channel", "Signaling", "Transfer"])
        {
            Assert.Contains(errors.Split('\n'), l => l.Contains($" {category} ", StringComparison.Ordinal));
        }

        Assert.Contains("goat.txt (bob, ", errors, StringComparison.Ordinal);
        string received = (await receive.EndAsync()).Errors;
        Assert.Contains("offer from ", received, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("ice-pwd", errors + received, StringComparison.Ordinal);
        Assert.DoesNotContain("capricorn", errors, StringComparison.Ordinal);
        serve.Terminate();
        string served = (await serve.EndAsync()).Errors;
        Assert.Contains("has joined lobby: 2 members", served, StringComparison.Ordinal);
        Assert.DoesNotContain("ticket", errors + received + served, StringComparison.Ordinal);
        Assert.DoesNotContain("#t=", served, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_of_redirected_input_are_messages_and_its_end_leaves_after_flushing()
    {
        string server = await ServeAsync();
        CliProcess bob = Start("bob", "chat", "--server", server, "--room", "lobby", "--json", "--name", "bob");
        await bob.ReadEventAsync("joined");
        CliProcess ada = Start("ada", "chat", "--server", server, "--room", "lobby", "--json", "--name", "ada");
        await ada.ReadEventAsync("join");
        ada.WriteLine("one");
        ada.WriteLine("/send is only a word here");
        ada.CloseInput();
        Assert.Equal(0, (await ada.EndAsync()).ExitCode);
        Assert.Equal("one", (string?)(await bob.ReadEventAsync("message"))["text"]);
        Assert.Equal("/send is only a word here", (string?)(await bob.ReadEventAsync("message"))["text"]);
        Assert.Equal("ada", (string?)(await bob.ReadEventAsync("leave"))["name"]);
    }

    [Fact]
    public async Task Nobody_there_is_exit_code_3_with_the_remedy()
    {
        string server = await ServeAsync();
        (int exitCode, _, string errors) = await CliProcess.RunAsync(Home("ada"), "send", "--server", server, "--room", "lobby", "--text", "hi", "--timeout", "1");
        Assert.Equal(3, exitCode);
        Assert.Equal("egoat: Only 0 of 1 peers came to the room 'lobby' within 1 s. Is 'egoat receive' running there with the same --server and --room?", OneLine(errors));
        (exitCode, _, errors) = await CliProcess.RunAsync(Home("ada"), "receive", "--server", server, "--room", "lobby", "--output", Path.Combine(Folder, "inbox"), "--files", "1", "--timeout", "1");
        Assert.Equal(3, exitCode);
        Assert.Contains("Only 0 of 1 files came", OneLine(errors), StringComparison.Ordinal);
    }

    [Theory]
        [InlineData("send --server ftp://host --room lobby --text hi", 2, "is not a URL that begins with http")]
    [InlineData("send --server http://127.0.0.1:9 --room lobby", 2, "Name a file, or give a message")]
    [InlineData("send --server http://127.0.0.1:9 --room lobby no-such-file", 1, "The file 'no-such-file' is not there.")]
    [InlineData("send --server http://127.0.0.1:9 --room no/room --text hi", 1, "is not a room name")]
    [InlineData("receive --server http://127.0.0.1:9 --room lobby --output /proc/nowhere", 1, "cannot be written")]
    [InlineData("serve --listen 127.0.0.1:0 --ice-server turn:example.org", 2, "'turn:example.org' is not stun:HOST")]
    [InlineData("serve --listen nonsense", 2, "is not ADDRESS:PORT")]
    [InlineData("history --database /proc/nowhere/chat.db", 1, "cannot be opened for writing")]
    [InlineData("hash no-such-file", 1, "no-such-file")]
    [InlineData("dance", 2, "dance")]
    [InlineData("demo --mib -1", 2, "--mib is 0 to 65536")]
    public async Task What_is_wrong_is_said_in_one_line(string arguments, int exitCode, string expected)
    {
        (int actual, _, string errors) = await CliProcess.RunAsync(Home("ada"), arguments.Split(' '));
        Assert.Equal(exitCode, actual);
        Assert.Contains(expected, OneLine(errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_accepts_and_does_not_answer_yet_is_tried_again()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        Start("ada", "chat", "--server", $"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}", "--room", "lobby");
        using TcpClient first = await silent.AcceptTcpClientAsync();
        using TcpClient second = await silent.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_taken_port_and_a_damaged_history_are_said_in_one_line()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        int port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        (int exitCode, _, string errors) = await CliProcess.RunAsync(Home("ada"), "serve", "--listen", $"127.0.0.1:{port}");
        Assert.Equal(1, exitCode);
        Assert.Contains("the port is taken", OneLine(errors), StringComparison.Ordinal);

        Directory.CreateDirectory(Home("damaged"));
        await File.WriteAllTextAsync(Path.Combine(Home("damaged"), "chat.db"), new string('x', 5000));
        if (!OperatingSystem.IsWindows())
        {
            // Otherwise a second line says that others could read it.
            File.SetUnixFileMode(Path.Combine(Home("damaged"), "chat.db"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        (exitCode, _, errors) = await CliProcess.RunAsync(Home("damaged"), "history");
        Assert.Equal(1, exitCode);
        Assert.Contains("is damaged or not a database", OneLine(errors), StringComparison.Ordinal);
        Assert.Equal(new string('x', 5000), await File.ReadAllTextAsync(Path.Combine(Home("damaged"), "chat.db")));
    }

    private static string OneLine(string errors)
    {
        Assert.Equal(1, errors.Count(c => c == '\n'));
        return errors.TrimEnd();
    }
}
