using System.Text.Json;
using System.Text.Json.Nodes;
using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Testing;
using Json.Schema;

namespace EGoat.Cli.Tests;

/// <summary>What <c>--json</c> writes is what docs/json.md says.</summary>
public sealed class JsonEventTests : ProgramTest
{
    private static readonly JsonSchema Schema = JsonSchema.FromFile(Path.Combine(Repository.Root, "docs", "egoat-events.schema.json"));

    [Fact]
    public void Every_event_fits_the_schema_in_virtual_time()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var lines = new StringWriter();
        using (var output = new JsonRoomOutput(lines, time))
        {
            var peer = new EGoatPeer { Id = "P", Room = "lobby", Name = "\e[2Jbob", Identity = "B", State = EGoatPeerState.Connected, ConnectedAt = time.GetUtcNow(), Statistics = new EGoatPeerStatistics { LocalAddress = "192.0.2.1:5" } };
            var message = new EGoatMessage { Id = "m", Room = "lobby", From = "bob\n{", FromIdentity = "B", Text = "\"}\r\n\u2028", SentAt = time.GetUtcNow(), ReceivedAt = time.GetUtcNow(), Direction = EGoatDirection.Received, Kept = false };
            var transfer = new EGoatTransfer { Id = "t", Room = "lobby", Name = "a", Path = "", Peer = "bob", PeerIdentity = "B", Direction = EGoatDirection.Received, Length = 100, State = EGoatTransferState.Active, Started = time.GetUtcNow() };
            var delivery = new EGoatDelivery { MessageId = "m", Room = "lobby", Peer = "bob", PeerIdentity = "B", State = EGoatDeliveryState.Waiting, Reason = "It left.", At = time.GetUtcNow() };
            var offer = new FileOffer("t", peer, []);
            foreach (RoomEvent e in (RoomEvent[])
            [
                new RoomPeerChanged(peer), new RoomMessageReceived(message), new RoomMessageKept(message), new RoomDeliveryChanged(delivery), new RoomTransferChanged(transfer),
                new RoomStateChanged(EGoatRoomState.Reconnecting), new RoomWarning("careful"), new RoomEventsLost(3),
            ])
            {
                output.Show(e);
            }

            time.Advance(TimeSpan.FromSeconds(2));
            output.Show(new RoomTransferChanged(transfer with { State = EGoatTransferState.Failed, Error = "full", Finished = time.GetUtcNow() }));
            time.Advance(TimeSpan.FromSeconds(60));
            output.Show(new RoomPeerChanged(peer with { State = EGoatPeerState.Left, Statistics = null, ConnectedAt = null }));
            output.ShowOffer(offer, 1);
            output.ShowWithdrawn(offer, 1);
            output.ShowPeers([peer]);
            output.ShowTransfers([(1, offer)], [(2, transfer)]);
            output.ShowHistory([message]);
            output.Say("said");
            output.ShowUnconfirmed([delivery, delivery with { MessageId = "n" }]);
            output.ShowSummary(leftOut: 2);
        }

        string[] names = Validate(lines.ToString().TrimEnd('\n').Split('\n'));
        Assert.Equal(2, names.Count(n => n == "progress"));
        Assert.Equal(
            ["delivery", "history", "info", "join", "kept", "leave", "lost", "message", "offer", "peer", "progress", "state", "summary", "transfer", "transfers", "warning", "withdrawn"],
            names.Distinct().Order(StringComparer.Ordinal));
        Assert.Contains("2 messages were not confirmed by bob. It left. They are sent again when it is met in the room again.", lines.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Programs_write_events_and_nothing_else()
    {
        CliProcess serve = Start("server", "serve", "--listen", "127.0.0.1:0", "--json");
        string first = await serve.ReadLineAsync();
        string server = (string)JsonNode.Parse(first)!["url"]!;
        Validate([first]);
        string source = TestFile.Create(Folder, "goat.bin", 3_000_000).Path;
        CliProcess receive = Start("bob", "receive", "--server", server, "--room", "lobby", "--output", Path.Combine(Folder, "inbox"), "--files", "1", "--json", "--name", "bob");
        Validate([await receive.ReadLineAsync()]);
        (int exitCode, string[] sent, string errors) = await CliProcess.RunAsync(Home("ada"), "send", "--server", server, "--room", "lobby", "--json", "--text", "hi", source);
        Assert.True(exitCode == 0, errors);
        (_, string[] received, _) = await receive.EndAsync();
        string[] sentNames = Validate(sent);
        Assert.Equal(["joined", "end"], [sentNames[0], sentNames[^1]]);
        Assert.Contains("transfer", sentNames);
        Assert.Contains("delivery", sentNames);
        Assert.Contains("summary", sentNames);
        Assert.Contains("message", Validate(received));

        (exitCode, string[] failed, _) = await CliProcess.RunAsync(Home("ada"), "send", "--server", "http://127.0.0.1:1", "--room", "lobby", "--json", "--text", "hi", "--timeout", "1");
        Assert.Equal(1, exitCode);
        Assert.Equal(["error", "end"], Validate(failed).Except(["warning"]));
    }

    // The names of the events.
    internal static string[] Validate(IReadOnlyList<string> lines)
    {
        foreach (string line in lines)
        {
            using JsonDocument document = JsonDocument.Parse(line);
            EvaluationResults results = Schema.Evaluate(document.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
            Assert.True(results.IsValid, line);
        }

        return [.. lines.Select(l => (string)JsonNode.Parse(l)!["event"]!)];
    }
}
