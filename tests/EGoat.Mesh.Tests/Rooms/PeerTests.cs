using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>A member to which there is no connection.</summary>
public sealed class PeerTests
{
    private readonly Peer _peer = new("bob");

    [Fact]
    public void So_many_texts_wait_for_their_receipts_and_each_receipt_makes_room_for_one()
    {
        for (int i = 0; i < Peer.MaxUnconfirmed; i++)
        {
            Assert.True(_peer.SendText(Text($"{i}")));
        }

        Assert.False(_peer.SendText(Text("more")));
        Assert.True(_peer.SendText(Text("7"))); // it waits already
        Assert.False(_peer.Confirm("more"));
        Assert.True(_peer.Confirm("7"));
        Assert.False(_peer.Confirm("7"));
        Assert.True(_peer.SendText(Text("more")));
        Assert.False(_peer.SendText(Text("one more")));
    }

    [Fact]
    public void Who_is_no_member_any_longer_gets_nothing_new_and_no_session()
    {
        Assert.True(_peer.SendText(Text("1")));
        Assert.Empty(_peer.Remove(hasLeft: false));
        Assert.Equal((true, false), (_peer.IsRemoved, _peer.HasLeft));
        Assert.False(_peer.SendText(Text("2")));
        Assert.True(_peer.SendText(Text("1")));
        Assert.Equal(EGoatPeerState.Left, _peer.Snapshot("lobby").State);
        _peer.Remove(hasLeft: true);
        _peer.Remove(hasLeft: false);
        Assert.True(_peer.HasLeft); // who has said so stays gone on purpose
    }

    [Fact]
    public void Nothing_is_known_of_who_has_not_said_hello()
    {
        EGoatPeer peer = _peer.Snapshot("lobby", withStatistics: true);
        Assert.Equal(("bob", "lobby", "", "", false, EGoatPeerState.Connecting), (peer.Id, peer.Room, peer.Name, peer.Identity, peer.AcceptsFiles, peer.State));
        Assert.Equal(("", "", false, false, false), (_peer.Instance, _peer.Name, _peer.AcceptsFiles, _peer.IsConnected, _peer.HasLiveConnection));
        Assert.False(_peer.HasFeature(ControlMessage.PauseFeature));
        Assert.Equal(FileFrame.MaxSmallLength, _peer.MaxFrameLength);
        Assert.Null(_peer.Find("session"));
        _peer.Send(new TypingMessage());
        Assert.Throws<RtcException>(() => _peer.OpenChannel("file:1"));
    }

    [Fact]
    public void Each_change_wakes_who_waits_for_it_once()
    {
        Task first = _peer.Changed;
        Assert.False(first.IsCompleted);
        _peer.Signal();
        Assert.True(first.IsCompleted);
        Task second = _peer.Changed;
        Assert.False(second.IsCompleted);
        _peer.Remove(hasLeft: false);
        Assert.True(second.IsCompleted);
    }

    private static TextMessage Text(string id) => new(id, 0, "hello", false);
}
