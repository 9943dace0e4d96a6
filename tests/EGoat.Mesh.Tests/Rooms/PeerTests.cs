using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>A member, its texts and its sessions, none of which is connected.</summary>
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

    [Fact]
    public async Task A_session_replaces_another_when_it_has_proved_itself_and_not_before()
    {
        using var certificate = DtlsCertificate.Create();
        var time = new VirtualTime(1);
        await using var host = new SimulatedRtcHost(time, certificate, "192.0.2.1");
        PeerSession first = CreateSession(host, time);
        PeerSession second = CreateSession(host, time);
        PeerSession third = CreateSession(host, time);

        Assert.Equal((true, null), _peer.Begin(first));
        Assert.Equal((true, first), _peer.Begin(second));
        Assert.Equal((null, second), (_peer.Find(first.Id), _peer.Find(second.Id)));
        Assert.Equal((false, null), _peer.Greet(first)); // it was replaced while it was made
        Assert.False(_peer.End(first));
        Assert.Equal((null, second), (_peer.Session, _peer.Next));

        Task changed = _peer.Changed;
        Assert.Equal((true, null), _peer.Greet(second));
        Assert.True(changed.IsCompleted);
        Assert.Equal((true, null), _peer.Begin(third));
        Assert.Equal((true, null), _peer.Greet(second)); // another hello
        Assert.Equal((second, third), (_peer.Session, _peer.Next));
        Assert.Equal((second, third), (_peer.Find(second.Id), _peer.Find(third.Id)));
        Assert.Equal((true, second), _peer.Greet(third));
        Assert.Equal((third, null), (_peer.Session, _peer.Next));
        Assert.False(_peer.End(second));

        Assert.Equal((true, null), _peer.Begin(second));
        Assert.Equal([third, second], _peer.Remove(hasLeft: true));
        Assert.Equal((false, null), _peer.Begin(first));
        Assert.Equal((false, null), _peer.Greet(third));
        Assert.False(_peer.End(third));
    }

    [Fact]
    public async Task A_session_that_has_ended_leaves_the_other_one()
    {
        using var certificate = DtlsCertificate.Create();
        var time = new VirtualTime(1);
        await using var host = new SimulatedRtcHost(time, certificate, "192.0.2.1");
        PeerSession heard = CreateSession(host, time);
        PeerSession next = CreateSession(host, time);
        _peer.Begin(heard);
        _peer.Greet(heard);
        _peer.Begin(next);
        Task changed = _peer.Changed;
        Assert.True(_peer.End(next));
        Assert.True(changed.IsCompleted);
        Assert.Equal((heard, null), (_peer.Session, _peer.Next));
        _peer.Begin(next);
        Assert.True(_peer.End(heard));
        Assert.Equal((null, next), (_peer.Session, _peer.Next));
        Assert.Equal(EGoatPeerState.Connecting, _peer.Snapshot("lobby").State);
    }

    private PeerSession CreateSession(SimulatedRtcHost host, VirtualTime time) =>
        PeerSession.CreateOffer(_peer, host.CreateConnection(), NoOwner.Instance, time.Clock, out _);

    private static TextMessage Text(string id) => new(id, 0, "hello", false);

    /// <summary>Of sessions that do not run nothing is told.</summary>
    private sealed class NoOwner : ISessionOwner
    {
        public static readonly NoOwner Instance = new();

        public BackgroundTasks Background => throw new NotSupportedException();

        public CancellationToken Stopping => default;

        public HelloMessage CreateHello() => throw new NotSupportedException();

        public bool OnHello(PeerSession session) => throw new NotSupportedException();

        public void OnChanged(PeerSession session) => throw new NotSupportedException();

        public void OnEnded(PeerSession session, string? reason) => throw new NotSupportedException();

        public ValueTask OnMessageAsync(PeerSession session, ControlMessage message) => throw new NotSupportedException();

        public bool OnFileChannel(PeerSession session, RtcDataChannel channel) => throw new NotSupportedException();

        public ValueTask OnCandidateAsync(PeerSession session, string candidate) => throw new NotSupportedException();

        public void Warn(string text) => throw new NotSupportedException();
    }
}
