using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Peers;

/// <summary>
/// Another member of the room, for as long as it is one: who it is, and the texts that it has not confirmed. What it says and
/// hears goes over its session of the moment, which is replaced as a whole.
/// </summary>
/// <remarks>Its lock guards its fields; under it only the session is called (docs/mesh.md, "Locks").</remarks>
internal sealed class Peer(string id)
{
    /// <summary>Texts that a peer may have unconfirmed; more wait until it confirms some.</summary>
    public const int MaxUnconfirmed = 1024;

    private readonly Lock _gate = new();
    private readonly LinkedList<TextMessage> _unconfirmed = new();
    private readonly Dictionary<string, LinkedListNode<TextMessage>> _unconfirmedById = [];

    /// <summary>The session over which the peer was heard; it goes on until another one has proved itself.</summary>
    private PeerSession? _session;

    /// <summary>The session that is being made.</summary>
    private PeerSession? _next;
    private HelloMessage? _hello;
    private string _identity = "";
    private bool _isRemoved;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The peer id.</summary>
    public string Id => id;

    /// <summary>The identity that DTLS verified; empty until the peer has said hello. A peer id belongs to one identity.</summary>
    public string Identity => Read(static p => p._identity);

    /// <summary>The process of that identity; empty until it has said hello.</summary>
    public string Instance => Read(static p => p._hello?.Instance ?? "");

    /// <summary>The name that it gave itself; empty until it has said hello.</summary>
    public string Name => Read(static p => p._hello?.Name ?? "");

    /// <summary>The session over which the peer was heard; null before, and after its end.</summary>
    public PeerSession? Session => Read(static p => p._session);

    /// <summary>The session that is being made; null when none is.</summary>
    public PeerSession? Next => Read(static p => p._next);

    /// <summary>Whether the peer is there and heard.</summary>
    public bool IsConnected => Session is { IsConnected: true };

    /// <summary>Whether there is a connection over which it was heard and may be again.</summary>
    public bool HasLiveConnection => Session is { IsLive: true };

    /// <summary>Whether it is no longer a member.</summary>
    public bool IsRemoved => Read(static p => p._isRemoved);

    /// <summary>Whether it has left on purpose, and need not be waited for.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>Whether files may be offered to it.</summary>
    public bool AcceptsFiles => IsConnected && Read(static p => p._hello is { Accepts: true });

    /// <summary>The longest frame of a file channel that the peer takes.</summary>
    public int MaxFrameLength => Session?.MaxFrameLength ?? FileFrame.MaxSmallLength;

    /// <summary>Completes when something has changed that an attempt to connect may wait for.</summary>
    public Task Changed => Read(static p => p._changed.Task);

    /// <summary>Whether the peer's program can do something that not all can.</summary>
    public bool HasFeature(string feature) => Read(static p => p._hello)?.Features.Contains(feature) == true;

    /// <summary>The peer as it is now.</summary>
    /// <param name="room">The name of the room.</param>
    /// <param name="withStatistics">Whether its connection is asked for them, which takes longer.</param>
    public EGoatPeer Snapshot(string room, bool withStatistics = false)
    {
        PeerSession? session;
        EGoatPeer peer;
        bool isProven;
        lock (_gate)
        {
            session = _isRemoved ? null : _session ?? _next;
            isProven = _session is not null;
            peer = new EGoatPeer
            {
                Id = id,
                Room = room,
                Name = _hello?.Name ?? "",
                Identity = _identity,
                AcceptsFiles = _hello?.Accepts ?? false,
                State = _isRemoved ? EGoatPeerState.Left : _hello is null ? EGoatPeerState.Connecting : EGoatPeerState.Disconnected,
            };
        }

        // Until a session has proved itself, the peer is no more than being connected to.
        EGoatPeer described = session?.Describe(peer, withStatistics) ?? peer;
        return isProven || session is null ? described : described with { State = EGoatPeerState.Connecting };
    }

    /// <summary>Makes a session the one that is being made. Whoever it replaces is to be closed.</summary>
    /// <returns>Whether the peer still is a member, and the session that was being made before.</returns>
    public (bool IsMember, PeerSession? Replaced) Begin(PeerSession session)
    {
        lock (_gate)
        {
            if (_isRemoved)
            {
                return (false, null);
            }

            PeerSession? replaced = _next;
            _next = session;
            return (true, replaced);
        }
    }

    /// <summary>
    /// The peer has said hello over a session, which thereby has proved itself and replaces the older one. A peer id belongs to
    /// the identity that has first said hello under it. What the peer has not confirmed goes out over the new session, before
    /// anything newer.
    /// </summary>
    /// <returns>Whether the session counts, and the older one, which is to be closed.</returns>
    public (bool IsWelcome, PeerSession? Replaced) Greet(PeerSession session)
    {
        string identity = session.Identity;
        lock (_gate)
        {
            if (_isRemoved || (session != _session && session != _next) || (_identity.Length > 0 && _identity != identity))
            {
                return (false, null);
            }

            bool isNew = session != _session;
            PeerSession? replaced = isNew ? _session : null;
            _next = session == _next ? null : _next;
            _session = session;
            _hello = session.Hello;
            _identity = identity;
            if (isNew)
            {
                foreach (TextMessage text in _unconfirmed)
                {
                    session.Send(text);
                }
            }

            SignalLocked();
            return (true, replaced);
        }
    }

    /// <summary>A session has ended by itself. False when it no longer was one of the peer's.</summary>
    public bool End(PeerSession session)
    {
        lock (_gate)
        {
            if (session != _session && session != _next)
            {
                return false;
            }

            _session = session == _session ? null : _session;
            _next = session == _next ? null : _next;
            SignalLocked();
            return true;
        }
    }

    /// <summary>Wakes the attempts to connect: something has changed.</summary>
    public void Signal()
    {
        lock (_gate)
        {
            SignalLocked();
        }
    }

    /// <summary>The session of a name, if it is one of the two.</summary>
    public PeerSession? Find(string session) => Read(p => p._session?.Id == session ? p._session : p._next?.Id == session ? p._next : null);

    /// <summary>Sends a control message if the peer is connected.</summary>
    public void Send(ControlMessage message) => Session?.Send(message);

    /// <summary>Says hello anew, also over the connection that is being made: the hello that it began with may be on its way.</summary>
    public void Announce(HelloMessage hello)
    {
        (PeerSession? session, PeerSession? next) = Read(static p => (p._session, p._next));
        session?.Send(hello);
        if (next != session)
        {
            next?.Send(hello);
        }
    }

    /// <summary>
    /// Sends a text, now or as soon as the peer is connected, and again over every later session until the peer confirms it. False when
    /// too many are unconfirmed or the peer is gone; true as well when it is unconfirmed already.
    /// </summary>
    public bool SendText(TextMessage text)
    {
        lock (_gate)
        {
            if (_unconfirmedById.ContainsKey(text.Id))
            {
                return true;
            }

            if (_isRemoved || _unconfirmed.Count >= MaxUnconfirmed)
            {
                return false;
            }

            _unconfirmedById[text.Id] = _unconfirmed.AddLast(text);
            _session?.Send(text);
            return true;
        }
    }

    /// <summary>The peer has stored a text. False when it was not waited for.</summary>
    public bool Confirm(string messageId)
    {
        lock (_gate)
        {
            if (!_unconfirmedById.Remove(messageId, out LinkedListNode<TextMessage>? node))
            {
                return false;
            }

            _unconfirmed.Remove(node);
            return true;
        }
    }

    /// <summary>A channel for a transfer.</summary>
    /// <exception cref="RtcException">The peer is not connected.</exception>
    public RtcDataChannel OpenChannel(string label) => Session?.OpenChannel(label) ?? throw new RtcException("The peer is not connected.");

    /// <summary>The peer is no longer a member.</summary>
    /// <param name="hasLeft">Whether it has left on purpose.</param>
    /// <returns>Its sessions, which are to be closed.</returns>
    public IReadOnlyList<PeerSession> Remove(bool hasLeft)
    {
        lock (_gate)
        {
            PeerSession?[] sessions = [_session, _next];
            (_session, _next, _isRemoved) = (null, null, true);
            HasLeft |= hasLeft;
            SignalLocked();
            return [.. sessions.OfType<PeerSession>()];
        }
    }

    private T Read<T>(Func<Peer, T> read)
    {
        lock (_gate)
        {
            return read(this);
        }
    }

    private void SignalLocked()
    {
        _changed.TrySetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
