using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.Signaling;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Sockets;
using EGoat.WebRtc.Tracing;

namespace EGoat.Mesh;

/// <summary>
/// Who is there: what the signaling server says, what becomes of connections, and the attempts to connect to every member that the
/// server lists, for as long as it lists it.
/// </summary>
/// <remarks>Its lock guards its fields; nobody is called under it (docs/mesh.md, "Locks").</remarks>
internal sealed class Membership : ISessionOwner
{
    /// <summary>Members that are known at most; a server that names more is not followed.</summary>
    private const int MaxPeers = 256;

    private readonly RoomContext _room;
    private readonly string _peerId;
    private readonly SignalingClient _signaling;
    private readonly IRtcHost _host;
    private readonly IMembershipOwner _owner;
    private readonly Introductions _introductions;
    private readonly ConnectionAttempts _attempts;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Peer> _peers = [];

    /// <summary>Peer ids that the signaling server lists.</summary>
    private readonly HashSet<string> _listed = [];

    /// <summary>Members that the signaling server has seen leave, while their connections still stand.</summary>
    private readonly HashSet<string> _gone = [];
    private readonly TaskCompletionSource _firstListed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EGoatRoomState _state = EGoatRoomState.Joined;

    /// <summary>How often the room was joined, the first time included.</summary>
    private int _joins;

    /// <summary>Whether addresses of this machine have come or gone since the server was joined last.</summary>
    private bool _hasMoved;

    public Membership(RoomContext room, string peerId, SignalingClient signaling, IRtcHost host, IMembershipOwner owner)
    {
        _room = room;
        _peerId = peerId;
        _signaling = signaling;
        _host = host;
        _owner = owner;
        _introductions = new Introductions(room, peerId, signaling, host, this);
        _attempts = new ConnectionAttempts(room, peerId, this, _introductions);
    }

    /// <summary>Whether the signaling server is connected, or the room left.</summary>
    public EGoatRoomState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>Completes when the members that the server listed at first are known.</summary>
    public Task Listed => _firstListed.Task;

    /// <summary>All members that are known, connected or not.</summary>
    public IReadOnlyList<Peer> Peers
    {
        get
        {
            lock (_gate)
            {
                return [.. _peers.Values];
            }
        }
    }

    /// <summary>How often the room was joined. What was said before the last time may not have arrived.</summary>
    public int Joins
    {
        get
        {
            lock (_gate)
            {
                return _joins;
            }
        }
    }

    /// <summary>Everybody, or the members of these peer ids, identities or names.</summary>
    /// <exception cref="RoomException">Somebody is absent who may not be.</exception>
    public IReadOnlyList<Peer> Find(IReadOnlyList<string> names, bool mayBeAbsent)
    {
        IReadOnlyList<Peer> peers = Peers;
        return mayBeAbsent || names.FirstOrDefault(n => !peers.Any(p => IsMeant(p, n))) is not { } missing
            ? [.. peers.Where(p => names.Count == 0 || names.Any(n => IsMeant(p, n)))]
            : throw new RoomException($"Nobody in the room '{_room.Name}' is {VisibleText.Quote(missing)}.");

        static bool IsMeant(Peer peer, string name) => peer.Id == name || peer.Identity == name || peer.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether the server lists a peer.</summary>
    public bool IsListed(Peer peer)
    {
        lock (_gate)
        {
            return _listed.Contains(peer.Id);
        }
    }

    /// <summary>Follows the signaling server until the room is left or it refuses for good.</summary>
    public async Task RunAsync()
    {
        await foreach (SignalingEvent e in _signaling.Events.ReadAllAsync().ConfigureAwait(false))
        {
            Trace(e);
            try
            {
                await HandleAsync(e).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Nothing that a server says ends the room.
            catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
            {
                _room.Warn($"What the signaling server said could not be followed: {failure.Message}");
            }

            _firstListed.TrySetResult();
        }
    }

    /// <summary>Addresses of this machine have come or gone.</summary>
    public void HandleNetworkChange()
    {
        lock (_gate)
        {
            _hasMoved = true;
        }

        _signaling.ReconnectNow();
        foreach (Peer peer in Peers)
        {
            _room.Background.Run(() => _introductions.RestartIceAsync(peer));
            peer.Signal();
        }
    }

    /// <summary>Says hello anew to everybody.</summary>
    public void Announce(HelloMessage hello)
    {
        foreach (Peer peer in Peers)
        {
            peer.Announce(hello);
        }
    }

    /// <summary>Says good-bye to everybody and closes all connections. Nobody is a member afterwards.</summary>
    public async Task LeaveAsync()
    {
        Peer[] peers;
        lock (_gate)
        {
            peers = [.. _peers.Values];
            _peers.Clear();
        }

        foreach (Peer peer in peers)
        {
            peer.Send(new ByeMessage(""));
        }

        await Task.WhenAll(peers.SelectMany(p => p.Remove(hasLeft: false)).Select(s => s.CloseAsync().AsTask())).ConfigureAwait(false);
        SetState(EGoatRoomState.Left);
    }

    BackgroundTasks ISessionOwner.Background => _room.Background;

    CancellationToken ISessionOwner.Stopping => _room.Left.Token;

    HelloMessage ISessionOwner.CreateHello() => _owner.CreateHello();

    bool ISessionOwner.OnHello(PeerSession session)
    {
        Peer peer = session.Peer;
        bool isFirst = peer.Identity.Length == 0;
        (bool isWelcome, PeerSession? replaced) = peer.Greet(session);
        if (!isWelcome)
        {
            return false;
        }

        if (replaced is not null)
        {
            _room.Background.Run(() => replaced.CloseAsync().AsTask());
        }

        Peer[] older;
        lock (_gate)
        {
            // Two consoles of one user coexist; the same process that has joined anew replaces what it was, and so does
            // another one that comes after the server has seen the first leave.
            older = [.. _peers.Values.Where(p => p != peer && p.Identity == peer.Identity && (p.Instance == peer.Instance || _gone.Contains(p.Id)))];
        }

        foreach (Peer earlier in older)
        {
            Remove(earlier, hasLeft: false);
        }

        if (isFirst)
        {
            _owner.OnMet(peer);
        }

        PublishChange(peer);
        return true;
    }

    void ISessionOwner.OnChanged(PeerSession session)
    {
        if (session.IsSilent)
        {
            _room.Background.Run(() => _introductions.RestartIceAsync(session.Peer));
        }

        PublishChange(session.Peer);
    }

    void ISessionOwner.OnEnded(PeerSession session, string? reason)
    {
        Peer peer = session.Peer;
        if (!peer.End(session) || _room.IsLeft)
        {
            return;
        }

        bool isListed;
        lock (_gate)
        {
            isListed = _listed.Contains(peer.Id);
        }

        // Who leaves says so, or the server does: a member that is listed may have closed one connection because another has
        // taken its place. Without a reason the end was on purpose.
        if (peer is { Session: null, Next: null } && !isListed)
        {
            Remove(peer, hasLeft: reason is null && session.Hello is not null);
        }
        else
        {
            PublishChange(peer);
        }
    }

    ValueTask ISessionOwner.OnMessageAsync(PeerSession session, ControlMessage message)
    {
        if (message is not ByeMessage bye)
        {
            return _owner.OnMessageAsync(session.Peer, message);
        }

        if (bye.Reason.Length > 0)
        {
            _room.Warn($"The peer {session.Peer.Id} refuses: {VisibleText.Quote(bye.Reason)}");
        }

        Remove(session.Peer, hasLeft: true);
        return ValueTask.CompletedTask;
    }

    bool ISessionOwner.OnFileChannel(PeerSession session, RtcDataChannel channel) => _owner.OnFileChannel(session.Peer, channel);

    async ValueTask ISessionOwner.OnCandidateAsync(PeerSession session, string candidate) => await _introductions.SendCandidateAsync(session, candidate).ConfigureAwait(false);

    void ISessionOwner.Warn(string text) => _room.Warn(text);

    private async Task HandleAsync(SignalingEvent e)
    {
        switch (e)
        {
            case SignalingJoined joined:
                HandleJoined(joined);
                break;
            case SignalingPeerJoined joined:
                HandlePeerJoined(joined.Peer);
                break;
            case SignalingPeerLeft left:
                HandlePeerLeft(left.Peer);
                break;
            case SignalingReceived received:
                await HandleIntroductionAsync(received).ConfigureAwait(false);
                break;
            case SignalingLost when !_room.IsLeft:
                SetState(EGoatRoomState.Reconnecting);
                break;
            case SignalingWarning warning:
                _room.Warn(warning.Message);
                break;
            case SignalingRefused refused:
                _room.Warn(refused.Message);
                break;
            default:
                break;
        }
    }

    private void Trace(SignalingEvent e) => _room.Trace?.IfOn?.Write(TraceCategory.Signaling, e switch
    {
        SignalingJoined joined => $"joined{(joined.IsRejoin ? " again" : "")}; present: {string.Join(", ", joined.Peers)}",
        SignalingPeerJoined joined => $"{joined.Peer} has joined",
        SignalingPeerLeft left => $"{left.Peer} has left",
        SignalingReceived received => $"{received.Data.Length} characters from {received.From}",
        SignalingLost lost => $"lost: {lost.Reason}",
        SignalingRefused refused => $"refused: {refused.Message}",
        _ => e.GetType().Name,
    });

    // At first the newcomer offers. After the server's return nobody re-offers to a live connection, and of two that
    // miss each other the smaller peer id offers.
    private void HandleJoined(SignalingJoined joined)
    {
        Peer[] unlisted;
        bool hasMoved;
        lock (_gate)
        {
            (hasMoved, _hasMoved) = (_hasMoved, false);
            _listed.Clear();
            _gone.Clear();
            _listed.UnionWith(joined.Peers);
            _joins++;
            unlisted = [.. _peers.Values.Where(p => !_listed.Contains(p.Id))];
        }

        SetState(EGoatRoomState.Joined);
        UseIceServers(joined.IceServers);
        foreach (Peer peer in unlisted)
        {
            RemoveIfUnheard(peer);
        }

        foreach (string id in joined.Peers)
        {
            if (Add(id, offersFirst: !joined.IsRejoin) is { } peer)
            {
                peer.Signal();

                // What was said about new ways to it may not have arrived.
                if (hasMoved || peer.Session is { IsSilent: true })
                {
                    _room.Background.Run(() => _introductions.RestartIceAsync(peer));
                }
            }
        }
    }

    private void UseIceServers(IReadOnlyList<IceServerEntry> told)
    {
        IReadOnlyList<IceServer> usable = _room.Options.IceServers ??
            IceServerEntries.Read(told, url => _room.Warn($"{VisibleText.Quote(url)} is not the URL of a STUN or TURN server."));
        if (_room.Options.RelayOnly && !usable.Any(s => s.IsTurn))
        {
            _room.Warn("Only relayed connections are allowed and there is no TURN server: nobody can be reached. Name one with 'egoat serve --ice-server'.");
        }

        _host.AddIceServers(usable);
    }

    private void HandlePeerJoined(string id)
    {
        lock (_gate)
        {
            _listed.Add(id);
            _gone.Remove(id);
        }

        Add(id, offersFirst: false)?.Signal();
    }

    private void HandlePeerLeft(string id)
    {
        Peer? peer;
        lock (_gate)
        {
            _listed.Remove(id);
            if (_peers.TryGetValue(id, out peer))
            {
                _gone.Add(id);
            }
        }

        if (peer is not null)
        {
            RemoveIfUnheard(peer);
        }
    }

    // Who is not listed has nothing to say: the server lists a member before it passes anything on.
    private async Task HandleIntroductionAsync(SignalingReceived received)
    {
        bool isListed;
        lock (_gate)
        {
            isListed = _listed.Contains(received.From);
        }

        if (isListed && _introductions.Read(received.From, received.Data) is { } introduction && Add(received.From, offersFirst: false) is { } peer)
        {
            await _introductions.HandleAsync(peer, introduction).ConfigureAwait(false);
        }
    }

    // Null: there are too many, or the room is being left.
    private Peer? Add(string id, bool offersFirst)
    {
        Peer? peer;
        lock (_gate)
        {
            if (_peers.TryGetValue(id, out peer))
            {
                return peer;
            }

            if (_peers.Count >= MaxPeers || _room.IsLeft || id == _peerId)
            {
                return null;
            }

            peer = _peers[id] = new Peer(id);
        }

        PublishChange(peer);
        _room.Background.Run(() => _attempts.RunAsync(peer, offersFirst));
        return peer;
    }

    // A session may have more to say even when its connection has ended: what the peer said last is still being read, a receipt
    // among it. The session's own end decides then.
    private void RemoveIfUnheard(Peer peer)
    {
        if (peer.Session is null)
        {
            Remove(peer, hasLeft: false);
        }
    }

    private void Remove(Peer peer, bool hasLeft)
    {
        lock (_gate)
        {
            if (!_peers.TryGetValue(peer.Id, out Peer? present) || present != peer)
            {
                return;
            }

            _peers.Remove(peer.Id);
            _gone.Remove(peer.Id);
        }

        foreach (PeerSession session in peer.Remove(hasLeft))
        {
            _room.Background.Run(() => session.CloseAsync().AsTask());
        }

        _owner.OnRemoved(peer);
        PublishChange(peer);
    }

    private void PublishChange(Peer peer) => _room.Events.Publish(new RoomPeerChanged(peer.Snapshot(_room.Name, withStatistics: true)));

    private void SetState(EGoatRoomState state)
    {
        lock (_gate)
        {
            if (_state == state || _state == EGoatRoomState.Left)
            {
                return;
            }

            _state = state;
        }

        _room.Trace?.IfOn?.Write(TraceCategory.Signaling, $"{state}");
        _room.Events.Publish(new RoomStateChanged(state));
        foreach (Peer peer in Peers)
        {
            peer.Signal();
        }
    }
}
