using System.Text.Json.Nodes;
using EGoat.Cli.Commands;
using EGoat.Testing;
using Microsoft.Extensions.Time.Testing;

namespace EGoat.Cli.Tests;

/// <summary>What the program returns is what happened, as the table in the README has it.</summary>
public sealed class ExitCodeTests : ProgramTest
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // c: completed, r: rejected, l: left out, f: failed, x: cancelled; then what was never offered.
    [Theory]
    [InlineData("c", 0, 0)]
    [InlineData("", 0, 0)]
    [InlineData("", 1, 5)]
    [InlineData("cc", 1, 5)]
    [InlineData("cl", 0, 5)]
    [InlineData("clr", 0, 5)]
    [InlineData("cr", 0, 4)]
    [InlineData("r", 0, 4)]
    [InlineData("r", 1, 4)]
    [InlineData("l", 0, 1)]
    [InlineData("lr", 0, 1)]
    [InlineData("cf", 0, 1)]
    [InlineData("cx", 1, 1)]
    [InlineData("rf", 0, 1)]
    public void A_sender_returns_what_became_of_its_files(string outcomes, int leftOut, int expected) =>
        Assert.Equal(expected, SendCommand.Judge([.. outcomes.Select((o, i) => Transfer($"{i}", o))], leftOut));

    [Theory]
    [InlineData("c", 1, 0)]
    [InlineData("ccc", 1, 0)]
    [InlineData("cr", 1, 0)]
    [InlineData("c", 2, 3)]
    [InlineData("", 1, 3)]
    [InlineData("r", 1, 3)]
    [InlineData("f", 1, 1)]
    [InlineData("x", 1, 1)]
    [InlineData("l", 1, 1)]
    [InlineData("cl", 1, 5)]
    [InlineData("cl", 2, 5)]
    [InlineData("fcc", 3, 5)]
    public void A_receiver_returns_what_became_of_what_was_offered(string outcomes, int wanted, int expected)
    {
        var received = new ReceivedFiles();
        for (int i = 0; i < outcomes.Length; i++)
        {
            received.Note(Transfer($"{i}", outcomes[i]));
        }

        Assert.Equal(expected, Judge(received, wanted));
    }

    [Fact]
    public void A_file_that_came_in_the_end_is_there()
    {
        var received = new ReceivedFiles();
        received.Note(Transfer("a", 'f'));
        received.Note(Transfer("b", 'x'));
        Assert.Equal(1, Judge(received, 2));
        received.Note(Transfer("a", 'c') with { Id = "again" });
        Assert.Equal(5, Judge(received, 2));
        received.Note(Transfer("b", 'c') with { Id = "again" });
        Assert.Equal(0, Judge(received, 2));
        received.Note(Transfer("a", 'f') with { PeerIdentity = "another" });
        Assert.Equal(5, Judge(received, 2));
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(5, 1, 1)]
    [InlineData(5, 0, 5)]
    [InlineData(4, 5, 4)]
    [InlineData(3, 0, 3)]
    [InlineData(0, 0, 0)]
    public void Of_a_message_and_files_the_worse_outcome_counts(int one, int other, int expected) =>
        Assert.Equal((expected, expected), (ExitCode.Worse(one, other), ExitCode.Worse(other, one)));

    [Fact]
    public async Task Nothing_is_too_long_while_a_file_is_under_way_or_a_person_is_asked()
    {
        var time = new FakeTimeProvider();
        using var idle = new IdleLimit(Limit, time, CancellationToken.None);
        time.Advance(Limit / 2);
        idle.Note(isUnderWay: false);
        time.Advance(Limit - TimeSpan.FromSeconds(1));
        Assert.False(idle.Token.IsCancellationRequested);

        idle.Note(isUnderWay: true);
        time.Advance(100 * Limit);
        var answer = new TaskCompletionSource<bool>();
        Task<bool> asking = idle.AskAsync(() => answer.Task);
        idle.Note(isUnderWay: false);
        time.Advance(100 * Limit);
        Assert.False(idle.Token.IsCancellationRequested);

        answer.SetResult(true);
        Assert.True(await asking);
        time.Advance(Limit - TimeSpan.FromSeconds(1));
        Assert.False(idle.Token.IsCancellationRequested);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(idle.Token.IsCancellationRequested);
    }

    // The disk of the receiver is full for one of two files: the other one arrives.
    [MountFact]
    public async Task A_file_that_cannot_be_kept_is_5_on_both_sides_while_the_other_arrives()
    {
        string inbox = Directory.CreateDirectory(Path.Combine(Folder, "inbox")).FullName;
        string[] sources = [TestFile.Create(Folder, "large.bin", 4 * 1024 * 1024).Path, TestFile.Create(Folder, "small.bin", 1000).Path];
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", inbox);
        try
        {
            string server = await ServeAsync();
            CliProcess receive = Start("bob", "receive", "--server", server, "--room", "lobby", "--output", inbox, "--files", "1", "--json");
            await receive.ReadEventAsync("joined");
            CliProcess send = Start("ada", ["send", "--server", server, "--room", "lobby", .. sources]);
            (int sent, string[] lines, _) = await send.EndAsync();
            (int received, string[] events, string errors) = await receive.EndAsync();
            Assert.Equal((5, 5), (sent, received));
            Assert.StartsWith("1 file, ", lines[^1], StringComparison.Ordinal);
            Assert.EndsWith("; 1 not sent", lines[^1], StringComparison.Ordinal);
            Assert.StartsWith("egoat: 1 file came, and 1 file did not. large.bin from ", errors, StringComparison.Ordinal);
            Assert.Equal("""{"event":"end","exitCode":5}""", events[^1]);
            JsonObject error = JsonNode.Parse(events[^2])!.AsObject();
            Assert.Equal(("error", 5), ((string?)error["event"], (int)error["exitCode"]!));
        }
        finally
        {
            await RunAsync("umount", "-l", inbox);
        }
    }

    [Fact]
    public async Task A_transfer_that_failed_is_1_at_its_receiver()
    {
        string server = await ServeAsync();
        string inbox = Path.Combine(Folder, "inbox");
        string source = TestFile.Create(Folder, "goat.bin", 8 * 1024 * 1024).Path;
        CliProcess send = Start("ada", "send", "--server", server, "--room", "lobby", "--max-rate", "256KB", "--json", source);
        await send.ReadEventAsync("joined");
        CliProcess receive = Start("bob", "receive", "--server", server, "--room", "lobby", "--output", inbox, "--files", "1", "--json", "--timeout", "8");
        await receive.ReadEventAsync("progress");
        send.Interrupt();
        Assert.Equal(130, (await send.EndAsync()).ExitCode);
        (int exitCode, _, string errors) = await receive.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.StartsWith("egoat: Only 0 of 1 files came. goat.bin from ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_reaches_nobody_is_3()
    {
        string server = await ServeAsync();
        (int exitCode, _, string errors) = await CliProcess.RunAsync(Home("ada"), "send", "--server", server, "--room", "lobby", "--text", "hi", "--peers", "0");
        Assert.Equal((3, "egoat: Nobody is in the room; the message was kept in the history only."), (exitCode, errors.TrimEnd()));
    }

    private static int Judge(ReceivedFiles received, int wanted)
    {
        try
        {
            return received.Judge(wanted, Limit);
        }
        catch (CommandException e)
        {
            return e.ExitCode;
        }
    }

    private static EGoatTransfer Transfer(string name, char outcome) => new()
    {
        Id = "t",
        Room = "lobby",
        Name = name,
        Path = name,
        Peer = "bob",
        PeerIdentity = "B",
        Direction = EGoatDirection.Received,
        Length = 1,
        State = outcome switch
        {
            'c' => EGoatTransferState.Completed,
            'r' => EGoatTransferState.Rejected,
            'x' => EGoatTransferState.Cancelled,
            _ => EGoatTransferState.Failed,
        },
        IsLeftOut = outcome == 'l',
        Error = outcome == 'c' ? null : "It is gone.",
        Started = DateTimeOffset.UnixEpoch,
    };

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
