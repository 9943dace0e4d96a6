using EGoat.Mesh;
using EGoat.Testing;

namespace EGoat.Node.Tests;

/// <summary>Two processes of one installation in a room: one identity, one history, and either is a member to the other.</summary>
public sealed class TwoConsolesTests : TwoRoomsTest
{
    [Fact]
    public async Task A_message_of_one_is_shown_by_the_other_and_kept_once()
    {
        await using EGoatNode other = EGoatNode.Open(new NodeOptions { DataFolder = Ada.Node.DataFolder });
        Room room = await JoinAsync(other);
        using RoomSubscription events = room.Subscribe();
        SentMessage sent = await AdasRoom.SendTextAsync("hello", cancellationToken: Cancelled);
        await sent.Outcome.WaitAsync(Cancelled);
        EGoatMessage shown = await FirstMessageAsync(events);
        Assert.Equal(("hello", "ada", AdasRoom.Identity, EGoatDirection.Received), (shown.Text, shown.From, shown.FromIdentity, shown.Direction));
        foreach (EGoatNode node in new[] { Ada.Node, other })
        {
            EGoatMessage kept = Assert.Single(await node.History.QueryMessagesAsync(new HistoryQuery(), Cancelled).ToListAsync(Cancelled));
            Assert.Equal((sent.Message.Id, EGoatDirection.Sent, shown.Sequence), (kept.Id, kept.Direction, kept.Sequence));
        }
    }

    [Fact]
    public async Task A_file_from_one_to_the_other_is_kept_as_sent_and_as_received()
    {
        await using EGoatNode other = EGoatNode.Open(new NodeOptions { DataFolder = Ada.Node.DataFolder });
        Room room = await JoinAsync(other);
        using RoomSubscription events = room.Subscribe();
        (string path, byte[] hash) = Ada.CreateFile("goat.bin", 1000);
        IReadOnlyList<EGoatTransfer> sent = await SendAsync(new SendFileOptions { Paths = [path] });
        await FirstAsync(events, t => t.IsEnded); // it is kept then
        Assert.Equal(2, sent.Count);
        Assert.All(sent, t => Assert.True(t.State == EGoatTransferState.Completed, t.Error));
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Ada.Inbox, "goat.bin")));
        List<EGoatTransfer> kept = await other.History.QueryTransfersAsync(new HistoryQuery(), Cancelled).Where(t => t.PeerIdentity == AdasRoom.Identity).ToListAsync(Cancelled);
        Assert.Equal([EGoatDirection.Received, EGoatDirection.Sent], kept.Select(t => t.Direction).Order());
        Assert.All(kept, t => Assert.Equal(EGoatTransferState.Completed, t.State));
    }

    private async Task<Room> JoinAsync(EGoatNode node)
    {
        Room room = await node.JoinAsync(new RoomOptions { Server = Server, Room = "lobby", DisplayName = "ada", Receive = new ReceiveOptions { Destination = Ada.Inbox } }, Cancelled);
        await AdasRoom.WaitForPeersAsync(2, acceptingFiles: true, Cancelled);
        return room;
    }

    private async Task<EGoatMessage> FirstMessageAsync(RoomSubscription events)
    {
        await foreach (RoomEvent e in events.ReadAllAsync(Cancelled))
        {
            if (e is RoomMessageReceived received)
            {
                return received.Message;
            }
        }

        throw new InvalidOperationException("The room was left.");
    }
}
