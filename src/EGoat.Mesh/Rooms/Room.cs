using System.Net;
using System.Text;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.Mesh.Transfers;
using EGoat.Signaling;
using EGoat.WebRtc;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Sockets;
using EGoat.WebRtc.Tracing;

namespace EGoat.Mesh;

/// <summary>
/// A joined room: a connection to every other member, introduced by a signaling server and independent of it afterwards;
/// texts with receipts, files over channels of their own.
/// </summary>
public sealed partial class Room : EGoatRoom, IAsyncDisposable
{
    /// <summary>How long leaving waits for what is queued.</summary>
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Pauses before another attempt to connect to a member that is there: doubled each time.</summary>
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(30);

    private readonly RoomOptions _options;
    private readonly IRoomStore _store;
    private readonly SignalingClient _signaling;
    private readonly RtcHost _host;
    private readonly RoomEvents _events;
    private readonly TransferList _transfers;
    private readonly CancellationTokenSource _left = new();
    private readonly string _instance;
    private readonly RecentMessages _shown = new();
    private readonly SubjectTrace? _trace;

    /// <summary>Guards the fields below; nothing waits under it.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Peer> _peers = [];

    /// <summary>Members that the signaling server lists.</summary>
    private readonly HashSet<string> _present = [];

    /// <summary>Members that the signaling server has seen leave, while their connections still stand.</summary>
    private readonly HashSet<string> _gone = [];
    private readonly Dictionary<string, PendingReceipts> _pendingReceipts = [];
    private EGoatRoomState _state = EGoatRoomState.Joined;
    private ReceivePolicy? _receive;
    private Task _running = Task.CompletedTask;

    private Room(RoomOptions options, string name, string peerId, string instance, string identity, IRoomStore store, SignalingClient signaling, RtcHost host)
    {
        _options = options;
        _receive = options.Receive is { } receive ? new ReceivePolicy(receive) : null;
        _store = store;
        _signaling = signaling;
        _host = host;
        _instance = instance;
        Name = name;
        PeerId = peerId;
        Identity = identity;
        _trace = options.Tracer is { } tracer ? new SubjectTrace(tracer, name) : null;
        _events = new RoomEvents(Raise);
        _transfers = new TransferList(_events, store, _trace);
        _host.Warning += Warn;
        _host.NetworkChanged += HandleNetworkChange;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override Uri Server => _options.Server;

    /// <inheritdoc/>
    public override EGoatRoomState State => _state;

    /// <inheritdoc/>
    public override string DisplayName => _options.DisplayName;

    /// <inheritdoc/>
    public override string Identity { get; }

    /// <summary>This side's peer id.</summary>
    public string PeerId { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<EGoatPeer> Peers
    {
        get
        {
            lock (_gate)
            {
                return [.. _peers.Values.Select(p => p.Snapshot(Name, withStatistics: true))];
            }
        }
    }

    /// <summary>Messages that came and were not taken.</summary>
    public UnreadMessages Unread { get; } = new();

    /// <inheritdoc/>
    public override IReadOnlyList<EGoatTransfer> Transfers => _transfers.Snapshot();

    /// <summary>A new id for this process, to tell it from others of the same identity.</summary>
    public static string CreateInstanceId() => Base32.NewId();

    /// <summary>Joins a room.</summary>
    /// <param name="options">Which room, where, as whom.</param>
    /// <param name="certificate">This installation's identity; it must outlive the room.</param>
    /// <param name="instance">This process: 16 random bytes in base32.</param>
    /// <param name="store">Where messages and transfers are kept.</param>
    /// <param name="cancellationToken">Gives up joining.</param>
    /// <exception cref="RoomException">The name is not valid, or the server cannot be reached or refuses.</exception>
    public static async Task<Room> JoinAsync(RoomOptions options, DtlsCertificate certificate, string instance, IRoomStore store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(certificate);
        if (!RoomName.TryParse(options.Room, out string name))
        {
            throw new RoomException($"{WirePath.Escape(options.Room)} is not a room name: it has 1 to 64 letters, digits, '-', '_' or '.'.");
        }

        if (options.Tracer is { } tracer)
        {
            new SubjectTrace(tracer, name).IfOn?.Write(TraceCategory.Signaling, $"connects to {SignalingClient.Display(options.Server)}");
        }

        string peerId = Base32.NewId();
        RtcHost host;
        SignalingClient signaling;
        try
        {
            signaling = await SignalingClient.ConnectAsync(new SignalingClientOptions { Server = options.Server, Room = name, Peer = peerId }, cancellationToken).ConfigureAwait(false);
        }
        catch (SignalingException e)
        {
            throw new RoomException(e.Message, e);
        }

        try
        {
            host = RtcHost.Open(new RtcHostOptions
            {
                Certificate = certificate,
                IncludeLoopback = IsLoopback(options.Server),
                RelayOnly = options.RelayOnly,
                Tracer = options.Tracer,
                MaxDatagramSize = options.MaxPacketSize ?? PeerConnectionOptions.DatagramSizeLimit,
            });
        }
        catch (RtcException e)
        {
            await signaling.DisposeAsync().ConfigureAwait(false);
            throw new RoomException(e.Message, e);
        }

        var room = new Room(options, name, peerId, instance, IdentityId.FromCertificate(certificate.Der.Span), store, signaling, host);
        room._running = room.RunAsync();
        return room;
    }

    /// <summary>The room's events from now on, in order.</summary>
    public RoomSubscription Subscribe(int capacity = 1024) => _events.Subscribe(capacity);

    /// <summary>Sends a text to the members, connected or connecting.</summary>
    /// <param name="text">At most 32 KiB of UTF-8.</param>
    /// <param name="to">Only to the member of this peer id, identity or name; null for all.</param>
    /// <param name="cancellationToken">Gives up storing it.</param>
    /// <exception cref="ArgumentException">The text is empty or too long.</exception>
    /// <exception cref="RoomException">The room was left, or nobody matches <paramref name="to"/>.</exception>
    public async Task<SentMessage> SendTextAsync(string text, string? to = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (Encoding.UTF8.GetByteCount(text) > ControlMessage.MaxTextBytes)
        {
            throw new ArgumentException($"A message has at most {ControlMessage.MaxTextBytes} bytes; send a longer text as a file.", nameof(text));
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        var message = new EGoatMessage
        {
            Id = Guid.CreateVersion7(now).ToString(),
            Room = Name,
            From = DisplayName,
            FromIdentity = Identity,
            Text = text,
            SentAt = now,
            ReceivedAt = now,
            Direction = EGoatDirection.Sent,
            Private = to is not null,
        };
        Peer[] recipients = FindPeers(to);
        (message, _) = await _store.AddMessageAsync(message, cancellationToken).ConfigureAwait(false);
        var pending = new PendingReceipts(recipients.Select(p => p.Id));
        lock (_gate)
        {
            if (recipients.Length > 0)
            {
                _pendingReceipts[message.Id] = pending;
            }
        }

        var wire = new TextMessage(message.Id, now.ToUnixTimeMilliseconds(), text, message.Private);
        foreach (Peer peer in recipients)
        {
            if (!peer.SendText(wire))
            {
                Warn($"{Describe(peer)} has not confirmed 1,024 messages; this one was not sent to it.");
                pending.Remove(peer.Id);
            }
        }

        return new SentMessage(message, [.. recipients.Select(p => p.Snapshot(Name))], pending.Completion);
    }

    /// <summary>What files are received; null when none are.</summary>
    public ReceiveOptions? Receive => _receive?.Options;

    /// <summary>Changes whether and where files are received, and tells everybody.</summary>
    public void SetReceive(ReceiveOptions? options)
    {
        _receive = options is null ? null : new ReceivePolicy(options);
        HelloMessage hello = CreateHello();
        lock (_gate)
        {
            foreach (Peer peer in _peers.Values)
            {
                peer.Send(hello);
            }
        }
    }

    /// <summary>Waits until so many members are connected.</summary>
    public async Task WaitForPeersAsync(int count, bool acceptingFiles, CancellationToken cancellationToken)
    {
        using RoomSubscription subscription = Subscribe();
        if (HasPeers(count, acceptingFiles))
        {
            return;
        }

        await foreach (RoomEvent e in subscription.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            if (e is RoomPeerChanged && HasPeers(count, acceptingFiles))
            {
                return;
            }
        }

        throw new RoomException("The room was left.");
    }

    /// <summary>Leaves: what is queued is delivered first, for at most 5 seconds.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken = default)
    {
        if (_left.IsCancellationRequested)
        {
            return;
        }

        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            limit.CancelAfter(FlushTimeout);
            await FlushAsync(limit.Token).ConfigureAwait(false);
        }

        await _left.CancelAsync().ConfigureAwait(false);
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

        await _signaling.DisposeAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        await Task.WhenAll(peers.Select(p => p.CloseAsync().AsTask())).ConfigureAwait(false);
        await _host.DisposeAsync().ConfigureAwait(false);
        await _transfers.CompleteAsync().ConfigureAwait(false);
        SetState(EGoatRoomState.Left);
        await _events.CompleteAsync().ConfigureAwait(false);
        Unread.Complete();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await LeaveAsync().ConfigureAwait(false);
        _left.Dispose();
    }

    private static bool IsLoopback(Uri server) => server.IsLoopback || (IPAddress.TryParse(server.Host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private static string Describe(Peer peer) => $"The peer {peer.Id}";

    private Peer[] FindPeers(string? to) => FindPeers(to is null ? [] : [to], mayBeAbsent: false);

    // Everybody, or those of these peer ids, identities or names.
    private Peer[] FindPeers(IReadOnlyList<string> to, bool mayBeAbsent)
    {
        ObjectDisposedException.ThrowIf(_left.IsCancellationRequested, this);
        lock (_gate)
        {
            EGoatPeer[] present = [.. _peers.Values.Select(p => p.Snapshot(Name))];
            if (!mayBeAbsent && to.FirstOrDefault(t => !present.Any(p => IsMeant(p, t))) is { } missing)
            {
                throw new RoomException($"Nobody in the room '{Name}' is {WirePath.Escape(missing)}.");
            }

            return [.. present.Where(p => to.Count == 0 || to.Any(t => IsMeant(p, t))).Select(p => _peers[p.Id])];
        }

        static bool IsMeant(EGoatPeer peer, string to) => peer.Id == to || peer.Identity == to || peer.Name.Equals(to, StringComparison.OrdinalIgnoreCase);
    }

    private bool HasPeers(int count, bool acceptingFiles)
    {
        lock (_gate)
        {
            return _peers.Values.Count(p => acceptingFiles ? p.AcceptsFiles : p.IsConnected) >= count;
        }
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        Task[] pending;
        lock (_gate)
        {
            pending = [.. _pendingReceipts.Values.Select(p => p.Completion)];
        }

        try
        {
            await Task.WhenAll(pending).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Whoever has not confirmed by now does not get it.
        }
    }

    private void SetState(EGoatRoomState state)
    {
        if (_state != state)
        {
            _state = state;
            _trace?.IfOn?.Write(TraceCategory.Signaling, $"{state}");
            _events.Publish(new RoomStateChanged(state));
        }
    }

    // Called one after another by the events' own task.
    private void Raise(RoomEvent e)
    {
        switch (e)
        {
            case RoomMessageReceived message:
                Unread.Add(message.Message);
                OnMessageReceived(message.Message);
                break;
            case RoomPeerChanged peer:
                OnPeerChanged(peer.Peer);
                break;
            case RoomTransferChanged transfer:
                OnTransferChanged(transfer.Transfer);
                break;
            case RoomStateChanged:
                OnStateChanged();
                break;
            default:
                break;
        }
    }
}
