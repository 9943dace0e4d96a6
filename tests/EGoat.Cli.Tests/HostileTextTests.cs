using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Testing;

namespace EGoat.Cli.Tests;

/// <summary>Names, texts, reasons and paths of others on a terminal: nothing of them moves a cursor, hides or forges a line.</summary>
public sealed class HostileTextTests : ProgramTest
{
    private const string Escapes = "\e[2J\e]52;c;AAAA\a\u009b31m\u202Etxt.exe\r\negoat: forged\u2028x\0";

    [Fact]
    public void Chat_and_receive_show_them_inert()
    {
        var lines = new StringWriter();
        using var output = new TextRoomOutput(lines, new TextOutputOptions { IsVerbose = true, Errors = lines });
        var peer = new EGoatPeer { Id = "P", Room = "lobby", Name = Escapes, Identity = "B", State = EGoatPeerState.Connected };
        var message = new EGoatMessage { Id = "m", Room = "lobby", From = Escapes, FromIdentity = "B", Text = Escapes, SentAt = DateTimeOffset.UnixEpoch, ReceivedAt = DateTimeOffset.UnixEpoch, Direction = EGoatDirection.Received };
        var transfer = new EGoatTransfer { Id = "t", Room = "lobby", Name = Escapes, Path = Escapes, Peer = Escapes, PeerIdentity = "B", Direction = EGoatDirection.Received, Length = 1, State = EGoatTransferState.Completed, Started = DateTimeOffset.UnixEpoch };
        var offer = new FileOffer("t", peer, [new OfferedFile(0, Escapes, 1, false), new OfferedFile(1, Escapes, 1, false)]);
        output.Show(new RoomPeerChanged(peer));
        output.Show(new RoomMessageReceived(message));
        output.Show(new RoomTransferChanged(transfer));
        output.Show(new RoomTransferChanged(transfer with { State = EGoatTransferState.Failed, Error = Escapes }));
        output.ShowOffer(offer, 1);
        output.ShowPeers([peer]);
        output.ShowTransfers([(1, offer)], [(2, transfer with { State = EGoatTransferState.Active })]);
        output.ShowHistory([message]);
        output.Show(new RoomPeerChanged(peer with { State = EGoatPeerState.Left }));
        AssertInert(lines.ToString());
        Assert.DoesNotContain(lines.ToString().Split('\n'), l => l.StartsWith("egoat:", StringComparison.Ordinal));
    }

    [Fact]
    public void Warnings_are_lines_of_the_program_and_what_others_say_in_them_is_not()
    {
        var lines = new StringWriter();
        using var output = new TextRoomOutput(lines, new TextOutputOptions { IsQuiet = true, Errors = lines });
        var delivery = new EGoatDelivery { MessageId = "m", Room = "lobby", Peer = Escapes, PeerIdentity = "B", State = EGoatDeliveryState.NotConfirmed, Reason = Escapes, At = DateTimeOffset.UnixEpoch };
        var transfer = new EGoatTransfer { Id = "t", Room = "lobby", Name = Escapes, Path = Escapes, Peer = Escapes, PeerIdentity = "B", Direction = EGoatDirection.Sent, Length = 1, State = EGoatTransferState.Failed, Error = Escapes, Started = DateTimeOffset.UnixEpoch };
        output.Show(new RoomWarning(Escapes));
        output.Show(new RoomTransferChanged(transfer));
        output.ShowUnconfirmed([delivery]);
        AssertInert(lines.ToString());
        string[] own = [.. lines.ToString().TrimEnd('\n').Split('\n').Where(l => !l.StartsWith("  ", StringComparison.Ordinal))];
        Assert.Equal(3, own.Length);
        Assert.All(own, l => Assert.DoesNotContain("forged", l[..Math.Min(l.Length, 20)], StringComparison.Ordinal));
    }

    // What one member says goes into a file as it is written, byte by byte.
    [ProgramFact("sh")]
    public async Task Nothing_of_a_name_or_a_text_reaches_what_chat_receive_send_and_history_write()
    {
        string server = await ServeAsync();
        string[] sources = [.. new[] { "goat\u202Etxt.exe", "goat\e[2J\u009b31m" }.Select(name => Path.Combine(Folder, name))];
        foreach (string source in sources)
        {
            await File.WriteAllTextAsync(source, "bleat");
        }

        string[] room = ["--server", server, "--room", "lobby"];
        CliProcess chat = StartToFile("bob", "chat", ["chat", .. room, "--trace"]);
        WaitUntilWritten("chat", "Joined");
        CliProcess receive = StartToFile("eve", "receive", ["receive", .. room, "--output", Path.Combine(Folder, "inbox"), "--files", "1", "--verbose", "--trace"]);
        CliProcess send = StartToFile("ada", "send", ["send", .. room, "--peers", "1", "--name", Escapes.Replace("\0", "", StringComparison.Ordinal), "--text", Escapes.Replace("\0", "", StringComparison.Ordinal), .. sources]);
        Assert.Equal(5, (await send.EndAsync()).ExitCode);
        Assert.Equal(0, (await receive.EndAsync()).ExitCode);
        WaitUntilWritten("chat", "forged");
        chat.CloseInput();
        Assert.Equal(0, (await chat.EndAsync()).ExitCode);
        foreach (string home in (string[])["bob", "eve", "ada"])
        {
            Assert.Equal(0, (await StartToFile(home, $"{home}-messages", ["history"]).EndAsync()).ExitCode);
            Assert.Equal(0, (await StartToFile(home, $"{home}-files", ["history", "--files"]).EndAsync()).ExitCode);
        }

        Assert.Contains("forged", Written("bob-messages"), StringComparison.Ordinal);
        Assert.Contains("forged", Written("ada-messages"), StringComparison.Ordinal);
        Assert.Contains("goat", Written("ada-files"), StringComparison.Ordinal);
        foreach (string name in (string[])["chat", "receive", "send", "bob-messages", "ada-messages", "eve-messages", "bob-files", "ada-files", "eve-files"])
        {
            AssertInert(Written(name));
            Assert.DoesNotContain(Written(name).Split('\n'), l => l.StartsWith("egoat: forged", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_argument_that_is_wrong_is_shown_inert()
    {
        (int exitCode, _, string errors) = await CliProcess.RunAsync(Home("ada"), "hash", "--\e[2J\u202E");
        Assert.Equal(2, exitCode);
        AssertInert(errors);
        Assert.StartsWith("egoat: There is no option '--\\u001b[2J\\u202e'", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_is_one_line_an_event_whatever_they_hold()
    {
        var lines = new StringWriter();
        using var output = new JsonRoomOutput(lines, TimeProvider.System);
        var message = new EGoatMessage { Id = "m", Room = "lobby", From = Escapes, FromIdentity = "B", Text = Escapes, SentAt = DateTimeOffset.UnixEpoch, ReceivedAt = DateTimeOffset.UnixEpoch, Direction = EGoatDirection.Received };
        output.Show(new RoomMessageReceived(message));
        string line = Assert.Single(lines.ToString().TrimEnd('\n').Split('\n'));
        AssertInert(line);
        Assert.Equal(Escapes, (string?)System.Text.Json.Nodes.JsonNode.Parse(line)!["text"]);
    }

    private static void AssertInert(string shown) =>
        Assert.All(shown, c => Assert.True(c == '\n' || !(char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format || c == '\u2028'), $"U+{(int)c:X4}"));

    private void WaitUntilWritten(string name, string text) => Assert.True(
        SpinWait.SpinUntil(() => File.Exists(Path.Combine(Folder, $"{name}.txt")) && Written(name).Contains(text, StringComparison.Ordinal), TimeSpan.FromSeconds(60)),
        $"{name} has not written {text}.");

    private string Written(string name) => File.ReadAllText(Path.Combine(Folder, $"{name}.txt"));

    // Standard output and error, as they are.
    private CliProcess StartToFile(string home, string name, IEnumerable<string> arguments)
    {
        CliProcess process = CliProcess.StartIn(["sh", "-c", "exec \"$@\" > \"$0\" 2>&1", Path.Combine(Folder, $"{name}.txt")], Home(home), arguments);
        Keep(process);
        return process;
    }
}
