using EGoat.Cli.Output;
using EGoat.Mesh;

namespace EGoat.Cli.Tests;

/// <summary>What people are told of the events of a room.</summary>
public sealed class RoomEventTests
{
    [Fact]
    public void Coming_going_and_the_server_are_told_once_each()
    {
        var lines = new StringWriter();
        using var output = new TextRoomOutput(lines, new TextOutputOptions { Errors = lines });
        var bob = new EGoatPeer { Id = "P", Room = "lobby", Name = "bob", Identity = "B", State = EGoatPeerState.Connecting };
        foreach (RoomEvent e in (RoomEvent[])
        [
            new RoomStateChanged(EGoatRoomState.Joined),
            new RoomPeerChanged(bob),
            new RoomPeerChanged(bob with { State = EGoatPeerState.Disconnected }),
            new RoomPeerChanged(bob with { State = EGoatPeerState.Connected }),
            new RoomPeerChanged(bob with { State = EGoatPeerState.Connected, AcceptsFiles = true }),
            new RoomStateChanged(EGoatRoomState.Reconnecting),
            new RoomPeerChanged(bob with { State = EGoatPeerState.Disconnected }),
            new RoomPeerChanged(bob with { State = EGoatPeerState.Left }),
            new RoomStateChanged(EGoatRoomState.Joined),
            new RoomStateChanged(EGoatRoomState.Joined),
            new RoomEventsLost(1234),
            new RoomStateChanged(EGoatRoomState.Left),
        ])
        {
            output.Show(e);
        }

        Assert.Equal(
            [
                "bob is here.",
                "egoat: The signaling server is out of reach. Connected peers stay; newcomers can join when it is back.",
                "bob is gone.",
                "The signaling server is back.",
                "egoat: 1,234 lines came too fast to be shown; messages among them are in the history.",
            ],
            lines.ToString().TrimEnd('\n').Split('\n'));
    }

    // Its sender was away for a while, and went on in a transfer of its own.
    [Theory]
    [InlineData(EGoatDirection.Received, "B", 1, 0)]
    [InlineData(EGoatDirection.Received, "C", 1, 1)]
    [InlineData(EGoatDirection.Sent, "B", 1, 2)]
    public void A_file_that_comes_in_the_end_counts_as_received(EGoatDirection direction, string identity, int files, int notDone)
    {
        var lines = new StringWriter();
        using var output = new JsonRoomOutput(lines, new Microsoft.Extensions.Time.Testing.FakeTimeProvider());
        var transfer = new EGoatTransfer { Id = "1", Room = "lobby", Name = "goat", Path = "goat", Peer = "bob", PeerIdentity = "B", Direction = direction, Length = 1, State = EGoatTransferState.Failed, Started = DateTimeOffset.UnixEpoch };
        output.Show(new RoomTransferChanged(transfer));
        output.Show(new RoomTransferChanged(transfer with { Id = "2" }));
        output.Show(new RoomTransferChanged(transfer with { Id = "3", PeerIdentity = identity, State = EGoatTransferState.Completed }));
        output.ShowSummary(leftOut: 0);
        var summary = System.Text.Json.Nodes.JsonNode.Parse(lines.ToString().TrimEnd('\n').Split('\n')[^1])!;
        Assert.Equal((files, notDone), ((int)summary["files"]!, (int)summary["notDone"]!));
    }
}
