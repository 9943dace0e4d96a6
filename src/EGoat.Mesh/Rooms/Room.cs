using System.Net;
using System.Text;
using EGoat.Keys;
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
/// <remarks>
/// It puts its parts together: <see cref="Membership"/> knows who is there, <see cref="Texts"/> and <see cref="ReceivedTexts"/> what
/// is said, <see cref="RoomTransfers"/> what is sent. Each has a lock of its own and calls no other under it (docs/mesh.md, "Locks").
/// </remarks>
public sealed class Room : EGoatRoom, IAsyncDisposable, IMembershipOwner
{
    /// <summary>The longest text, in bytes of UTF-8.</summary>
    public const int MaxTextBytes = ControlMessage.MaxTextBytes;

    /// <summary>How long leaving waits for confirmations, since the last one, unless told otherwise.</summary>
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(5);

    /// <summary>How long leaving waits for the handlers of .NET events.</summary>
    private static readonly TimeSpan HandlerPatience = TimeSpan.FromSeconds(1);

    private readonly RoomContext _context;
    private readonly SignalingClient _signaling;
    private readonly IRtcHost _host;
    private readonly string _instance;
    private readonly Membership _members;
    private readonly MessageKeeper _keeper;
    private readonly Texts _texts;
    private readonly ReceivedTexts _received;
    private readonly RoomTransfers _transfers;
    private readonly Task _raising;
    private Task _running = Task.CompletedTask;
    private Lazy<Task<IReadOnlyList<EGoatDelivery>>>? _leaving;
    private volatile ReceivePolicy? _receive;

    private Room(RoomContext context, SourceIds sources, string peerId, string instance, string identity, SignalingClient signaling, IRtcHost host)
    {
        _context = context;
        _receive = context.Options.Receive is { } receive ? new ReceivePolicy(receive, context.Time) : null;
        _signaling = signaling;
        _host = host;
        _instance = instance;
        PeerId = peerId;
        Identity = identity;
        _members = new Membership(context, peerId, signaling, host, this);
        _keeper = new MessageKeeper(context);
        _texts = new Texts(context, identity, _keeper);
        _received = new ReceivedTexts(context, _keeper);
        _transfers = new RoomTransfers(context, _members, sources, () => _receive);
        _raising = Task.Run(() => RaiseAsync(context.Events.Subscribe(RoomSubscription.DefaultCapacity)));
        _host.Warning += context.Warn;
        _host.NetworkChanged += _members.HandleNetworkChange;
    }

    /// <inheritdoc/>
    public override string Name => _context.Name;

    /// <inheritdoc/>
    public override string Id => PeerId;

    /// <inheritdoc/>
    public override Uri Server => _context.Options.Server;

    /// <inheritdoc/>
    public override EGoatRoomState State => _members.State;

    /// <inheritdoc/>
    public override string DisplayName => _context.Options.DisplayName;

    /// <inheritdoc/>
    public override string Identity { get; }

    /// <summary>This side's peer id.</summary>
    public string PeerId { get; }

    /// <summary>Whether only who holds the room's key can be in it; else it is open to all who know its name and server.</summary>
    public bool IsKeyed => _context.Options.Key is not null;

    /// <inheritdoc/>
    public override IReadOnlyList<EGoatPeer> Peers => [.. _members.Peers.Select(p => p.Snapshot(Name, withStatistics: true))];

    /// <summary>Messages that came and were not taken.</summary>
    public UnreadMessages Unread { get; } = new();

    /// <inheritdoc/>
    public override IReadOnlyList<EGoatTransfer> Transfers => _transfers.Snapshot();

    /// <summary>What was sent from here and is not confirmed: an entry for each message and recipient, in order.</summary>
    public IReadOnlyList<EGoatDelivery> Unconfirmed => _texts.Unconfirmed;

    /// <summary>What files are received; null when none are.</summary>
    public ReceiveOptions? Receive => _receive?.Options;

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
            throw new RoomException($"{VisibleText.Quote(options.Room)} is not a room name: it has 1 to 64 letters, digits, '-', '_' or '.'.");
        }

        if (options.Tracer is { } tracer)
        {
            new SubjectTrace(tracer, name).IfOn?.Write(TraceCategory.Signaling, $"connects to {SignalingClient.Display(options.Server)}");
        }

        string peerId = options.PeerId ?? Base32.NewId();
        IRtcHost host;
        SignalingClient signaling;
        try
        {
            var client = new SignalingClientOptions { Server = options.Server, Room = options.Key?.RoomId ?? name, Peer = peerId, Patience = options.Patience };
            client = options.Retrying is { } retrying ? client with { Retrying = e => retrying(VisibleText.Line(e.Message)) } : client;
            client = options.Connector is { } connector ? client with { Connector = connector, Time = options.Time } : client;
            signaling = await SignalingClient.ConnectAsync(client, cancellationToken).ConfigureAwait(false);
        }
        catch (SignalingException e)
        {
            throw new RoomException(VisibleText.Line(e.Message), e);
        }

        try
        {
            host = options.OpenHost(new RtcHostOptions
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

        var room = new Room(new RoomContext(name, options, store), new SourceIds(certificate), peerId, instance, IdentityId.FromCertificate(certificate.Der.Span), signaling, host);
        room._running = room._members.RunAsync();

        // Whoever sends now reaches those who were there before.
        await Task.WhenAny(room._members.Listed, room._running).ConfigureAwait(false);
        return room;
    }

    /// <summary>The room's events from now on, in order.</summary>
    /// <param name="capacity">Events that wait before changes of the same peer or transfer are merged.</param>
    public RoomSubscription Subscribe(int capacity = RoomSubscription.DefaultCapacity) => _context.Events.Subscribe(capacity);

    /// <summary>Sends a text to the members, connected or connecting. Waits while one that is connected has 1,024 texts to confirm first.</summary>
    /// <param name="text">At most 32 KiB of UTF-8.</param>
    /// <param name="to">Only to the member of this peer id, identity or name; null for all.</param>
    /// <param name="cancellationToken">Gives up waiting for recipients that have too much to confirm.</param>
    /// <exception cref="ArgumentException">The text is empty or too long.</exception>
    /// <exception cref="RoomException">Nobody matches <paramref name="to"/>.</exception>
    /// <exception cref="ObjectDisposedException">The room was left.</exception>
    public Task<SentMessage> SendTextAsync(string text, string? to = null, CancellationToken cancellationToken = default) =>
        SendTextAsync(text, to is null ? [] : [to], cancellationToken);

    /// <summary>Sends a text to some members, or to all. Waits while one that is connected has 1,024 texts to confirm first.</summary>
    /// <param name="text">At most 32 KiB of UTF-8.</param>
    /// <param name="to">Only to the members of these peer ids, identities or names; none means all.</param>
    /// <param name="cancellationToken">Gives up waiting for recipients that have too much to confirm.</param>
    /// <exception cref="ArgumentException">The text is empty or too long.</exception>
    /// <exception cref="RoomException">Somebody whom <paramref name="to"/> names is not there.</exception>
    /// <exception cref="ObjectDisposedException">The room was left.</exception>
    public async Task<SentMessage> SendTextAsync(string text, IReadOnlyList<string> to, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (Encoding.UTF8.GetByteCount(text) > ControlMessage.MaxTextBytes)
        {
            throw new ArgumentException($"A message has at most {ControlMessage.MaxTextBytes} bytes; send a longer text as a file.", nameof(text));
        }

        ObjectDisposedException.ThrowIf(_context.IsLeft, this);
        IReadOnlyList<Peer> recipients = _members.Find(to, mayBeAbsent: false);
        return await _texts.SendAsync(text, recipients, isPrivate: to.Count > 0, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Offers files to all connected members that accept files.</summary>
    /// <param name="paths">Existing files; taken literally.</param>
    /// <param name="cancellationToken">Cancels the transfers.</param>
    /// <exception cref="RoomException">A file cannot be read.</exception>
    public FileSend SendFiles(IReadOnlyList<string> paths, CancellationToken cancellationToken = default) => SendFiles(new SendFileOptions { Paths = paths }, cancellationToken);

    /// <summary>Offers files to connected members that accept files.</summary>
    /// <param name="options">What to send, and to whom.</param>
    /// <param name="cancellationToken">Cancels the transfers.</param>
    /// <exception cref="RoomException">A file cannot be read, or nobody matches <see cref="SendFileOptions.To"/>.</exception>
    public FileSend SendFiles(SendFileOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_context.IsLeft, this);
        return _transfers.Send(options, cancellationToken);
    }

    /// <summary>Pauses a transfer until <see cref="ResumeTransfer"/>, in either direction.</summary>
    /// <param name="id">The <see cref="EGoatTransfer.Id"/> of a running transfer.</param>
    /// <exception cref="RoomException">No such transfer is running, or the other side's program cannot pause.</exception>
    public void PauseTransfer(string id) => _transfers.SetPaused(id, true);

    /// <summary>Ends a pause of this side.</summary>
    /// <param name="id">The <see cref="EGoatTransfer.Id"/> of a running transfer.</param>
    /// <exception cref="RoomException">No such transfer is running.</exception>
    public void ResumeTransfer(string id) => _transfers.SetPaused(id, false);

    /// <summary>Cancels a transfer, in either direction. What the receiver has verified it keeps.</summary>
    /// <param name="id">The <see cref="EGoatTransfer.Id"/> of a running transfer.</param>
    /// <exception cref="RoomException">No such transfer is running.</exception>
    public void CancelTransfer(string id) => _transfers.Cancel(id);

    /// <summary>Changes whether and where files are received, and tells everybody.</summary>
    public void SetReceive(ReceiveOptions? options)
    {
        _receive = options is null ? null : new ReceivePolicy(options, _context.Time);
        _members.Announce(CreateHello());
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

    /// <summary>Leaves: what was said last is delivered first, for as long as a recipient confirms something every 5 seconds.</summary>
    /// <param name="cancellationToken">Leaves at once.</param>
    /// <returns>What was sent and not confirmed by the end.</returns>
    public Task<IReadOnlyList<EGoatDelivery>> LeaveAsync(CancellationToken cancellationToken = default) => LeaveAsync(DefaultPatience, cancellationToken);

    /// <summary>Leaves: what was said last is delivered first, for as long as there is progress.</summary>
    /// <param name="patience">The longest time in which no recipient confirms anything.</param>
    /// <param name="cancellationToken">Leaves at once.</param>
    /// <returns>What was sent and not confirmed by the end.</returns>
    public Task<IReadOnlyList<EGoatDelivery>> LeaveAsync(TimeSpan patience, CancellationToken cancellationToken = default)
    {
        // Once, however often it is asked for.
        Interlocked.CompareExchange(ref _leaving, new(() => LeaveOnceAsync(patience, cancellationToken)), null);
        return _leaving.Value;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await LeaveAsync().ConfigureAwait(false);

    HelloMessage IMembershipOwner.CreateHello() => CreateHello();

    void IMembershipOwner.OnMet(Peer peer)
    {
        _texts.HandleMet(peer);
        _context.Background.Run(() => NoteIdentityAsync(peer));
    }

    void IMembershipOwner.OnRemoved(Peer peer) => _texts.HandleRemoved(peer);

    ValueTask IMembershipOwner.OnMessageAsync(Peer peer, ControlMessage message)
    {
        switch (message)
        {
            case TextMessage text:
                return _received.HandleAsync(peer, text);
            case ReceiptMessage receipt:
                _texts.HandleReceipt(peer, receipt.Id);
                break;
            default:
                _transfers.Handle(peer, message);
                break;
        }

        return ValueTask.CompletedTask;
    }

    bool IMembershipOwner.OnFileChannel(Peer peer, RtcDataChannel channel) => _transfers.HandleFileChannel(peer, channel);

    private static bool IsLoopback(Uri server) => server.IsLoopback || (IPAddress.TryParse(server.Host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private HelloMessage CreateHello() => new(ControlMessage.Version, DisplayName, _instance, _receive is not null, ControlMessage.AllFeatures);

    private bool HasPeers(int count, bool acceptingFiles) => _members.Peers.Count(p => acceptingFiles ? p.AcceptsFiles : p.IsConnected) >= count;

    private async Task NoteIdentityAsync(Peer peer)
    {
        string name = peer.Name;
        try
        {
            IdentitySighting sighting = await _context.Store.NoteIdentityAsync(peer.Identity, name, Name, _context.Time.GetUtcNow(), _context.Left.Token).ConfigureAwait(false);
            if (sighting.IsNameOfAnother)
            {
                _context.Warn($"{VisibleText.Quote(name)} was known under another identity: this is {peer.Identity}.");
            }
        }
#pragma warning disable CA1031 // The store's own exceptions; a member is no less there.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            _context.Warn(e.Message);
        }
    }

    private async Task<IReadOnlyList<EGoatDelivery>> LeaveOnceAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        await _texts.FlushAsync(patience, cancellationToken).ConfigureAwait(false);
        if (await _keeper.FlushAsync().ConfigureAwait(false) is > 0 and var count)
        {
            _context.Warn($"The history does not hold {count} messages: it could not be written.");
        }

        await _context.Left.CancelAsync().ConfigureAwait(false);
        _host.NetworkChanged -= _members.HandleNetworkChange;
        await _transfers.LeaveAsync().ConfigureAwait(false);
        await _members.LeaveAsync().ConfigureAwait(false);
        await _signaling.DisposeAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        await _texts.CompleteAsync().ConfigureAwait(false);
        await _host.DisposeAsync().ConfigureAwait(false);
        await _context.Background.WhenAllAsync().ConfigureAwait(false);
        await _transfers.CompleteAsync().ConfigureAwait(false);
        _context.Events.Complete();

        // A handler may itself be waiting for this.
        await Task.WhenAny(_raising, Task.Delay(HandlerPatience, _context.Time, CancellationToken.None)).ConfigureAwait(false);
        Unread.Complete();
        return _texts.Unconfirmed;
    }

    private async Task RaiseAsync(RoomSubscription events)
    {
        using (events)
        {
            await foreach (RoomEvent e in events.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                try
                {
                    Raise(e);
                }
#pragma warning disable CA1031 // What a user's handler throws is the user's; the room goes on.
                catch (Exception)
#pragma warning restore CA1031
                {
                }
            }
        }
    }

    private void Raise(RoomEvent e)
    {
        switch (e)
        {
            case RoomMessageReceived message:
                Unread.Add(message.Message);
                OnMessageReceived(message.Message);
                break;
            case RoomDeliveryChanged delivery:
                OnDeliveryChanged(delivery.Delivery);
                break;
            case RoomPeerChanged peer:
                OnPeerChanged(peer.Peer);
                break;
            case RoomTransferChanged transfer:
                OnTransferChanged(transfer.Transfer);
                break;
            case RoomStateChanged state:
                OnStateChanged(state.State);
                break;
            default:
                break;
        }
    }
}
