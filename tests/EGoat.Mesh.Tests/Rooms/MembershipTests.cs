using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.Signaling;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>Who counts as a member, with a real connection to another member, in virtual time.</summary>
[Collection(InVirtualTime.Name)]
public sealed class MembershipTests : IAsyncLifetime, IMembershipOwner
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly VirtualTime _time = new(1, new NetworkConditions { Latency = TimeSpan.FromMilliseconds(20) });
    private readonly DtlsCertificate _adas = DtlsCertificate.Create();
    private readonly DtlsCertificate _bobs = DtlsCertificate.Create();
    private readonly TaskCompletionSource _mayRead = new();

    /// <summary>What was told, in order.</summary>
    private readonly List<string> _told = [];
    private readonly MemoryServer _server;
    private readonly SimulatedRtcHost _host;
    private readonly RoomContext _room;
    private readonly VirtualMember _bob;
    private SignalingClient _signaling = null!;
    private Membership _members = null!;
    private Task _running = Task.CompletedTask;

    public MembershipTests()
    {
        _server = new MemoryServer(_time);
        _host = new SimulatedRtcHost(_time, _adas, "192.0.2.1");
        _room = new RoomContext("lobby", new RoomOptions { Server = new Uri("http://memory/"), Room = "lobby", DisplayName = "ada", Time = _time.Clock }, new MemoryStore());
        _bob = new VirtualMember(_time, _server, _bobs, "bob", "192.0.2.2");
    }

    public async Task InitializeAsync()
    {
        string id = new('a', 26);
        _signaling = await _time.AdvanceUntilAsync(_server.JoinAsync('a'), Limit);
        _members = new Membership(_room, id, _signaling, _host, this);
        _running = _members.RunAsync();
        await _bob.JoinAsync();
        await _time.AdvanceUntilAsync(() => _bob.IsConnectedTo(1), Limit);
    }

    public async Task DisposeAsync()
    {
        _mayRead.TrySetResult();
        await _bob.DisposeAsync();
        await _room.Left.CancelAsync();
        await _time.AdvanceUntilAsync(_members.LeaveAsync(), Limit);
        await _signaling.DisposeAsync();
        await _time.AdvanceUntilAsync(_running, Limit);
        await _host.DisposeAsync();
        await _time.AdvanceUntilAsync(_room.Background.WhenAllAsync(), Limit);
        _adas.Dispose();
        _bobs.Dispose();
    }

    [Fact]
    public async Task What_a_member_said_last_is_read_before_it_counts_as_gone()
    {
        await _time.AdvanceUntilAsync(_bob.Room.SendTextAsync("hello"), Limit);
        await _time.AdvanceUntilAsync(() => Told is ["hello"], Limit);

        // The connection ends first; then the server, which hears nothing more, says that the member is gone.
        _server.Link.Cut();
        await _time.AdvanceUntilAsync(_bob.Room.LeaveAsync(new CancellationToken(canceled: true)), Limit);
        await _time.AdvanceUntilAsync(() => _server.Hub.Rooms is [(_, 1)], TimeSpan.FromMinutes(2));
        await _time.AdvanceAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(["hello"], Told);
        _mayRead.SetResult();
        await _time.AdvanceUntilAsync(() => Told.Count == 3, Limit);
        Assert.Equal(["hello", "read", "removed"], Told);
        Assert.Empty(_members.Peers);
    }

    // As it does with one that another has replaced, when both sides have offered one.
    [Fact]
    public async Task A_connection_that_a_member_closes_and_does_not_leave_is_made_again()
    {
        Peer bob = Assert.Single(_members.Peers);
        PeerSession session = bob.Session!;
        using RoomSubscription events = _bob.Room.Subscribe();
        bob.End(session);
        await _time.AdvanceUntilAsync(session.CloseAsync().AsTask(), Limit);
        await _time.AdvanceUntilAsync(() => bob.Session is { IsConnected: true } && _bob.IsConnectedTo(1), Limit);
        while (events.TryRead(out RoomEvent? e))
        {
            Assert.False(e is RoomPeerChanged { Peer.State: EGoatPeerState.Left });
        }
    }

    HelloMessage IMembershipOwner.CreateHello() => new(ControlMessage.Version, "ada", new string('i', 26), false, ControlMessage.AllFeatures);

    void IMembershipOwner.OnMet(Peer peer)
    {
    }

    void IMembershipOwner.OnRemoved(Peer peer) => Tell("removed");

    // Whoever reads what a member says may take its time.
    async ValueTask IMembershipOwner.OnMessageAsync(Peer peer, ControlMessage message)
    {
        Tell(Assert.IsType<TextMessage>(message).Text);
        await _mayRead.Task;
        Tell("read");
    }

    bool IMembershipOwner.OnFileChannel(Peer peer, RtcDataChannel channel) => false;

    private IReadOnlyList<string> Told
    {
        get
        {
            lock (_told)
            {
                return [.. _told];
            }
        }
    }

    private void Tell(string what)
    {
        lock (_told)
        {
            _told.Add(what);
        }
    }
}
