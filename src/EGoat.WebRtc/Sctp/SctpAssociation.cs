using System.Diagnostics;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Rx;
using EGoat.WebRtc.Sctp.Socket;
using EGoat.WebRtc.Sctp.Tx;
using EGoat.WebRtc.Statistics;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Sctp;

/// <summary>
/// An SCTP association over DTLS (RFC 9260, RFC 8261): ordered and unordered messages on many streams, acknowledged,
/// retransmitted, under flow and congestion control.
/// </summary>
/// <remarks>
/// <para>The parts know nothing of each other: <c>Packet</c> is the wire, <c>Rx</c> receives, <c>Tx</c> sends; here they meet.
/// The files of this class follow the life of an association: <c>Handshake</c>, <c>Receiving</c>, <c>Sending</c>, <c>Ending</c>;
/// <c>Path</c> has heartbeats and the length of packets.</para>
/// <para>After every call that takes a time, poll packets, messages and events until there are none, then wait for
/// <see cref="NextTimeout"/>. Packets are sent only by polling, so that, while nothing is missing, one SACK covers everything handed over since the last poll.</para>
/// </remarks>
internal sealed partial class SctpAssociation
{
    /// <summary>Handshake, heartbeat and error chunks that wait to be sent; what would exceed it is an answer the peer can ask for again.</summary>
    private const int MaxQueuedControlPackets = 32;

    private const int SecretLength = 32;

    private readonly SctpOptions _options;
    private readonly IEntropySource _entropy;
    private readonly SubjectTrace? _trace;
    private readonly SendQueue _sendQueue;
    private readonly Dictionary<ushort, long> _lowThresholds = [];
    private readonly Queue<ControlPacket> _controlPackets = new();

    /// <summary>Events, and how many messages were ready before each: the two are told in the order in which they happened.</summary>
    private readonly Queue<(SctpEvent Event, long After)> _events = new();
    private readonly byte[] _cookieSecret = new byte[SecretLength];
    private readonly RetransmissionTimeout _timeout;
    private readonly PathMtuDiscovery _pathMtu;

    private uint _localTag;
    private uint _localInitialTsn;
    private uint _peerTag;

    /// <summary>Present once the peer's parameters are known.</summary>
    private Transfer? _transfer;

    private TimeSpan? _handshakeTimer;
    private TimeSpan? _shutdownTimer;
    private TimeSpan? _retransmissionTimer;
    private TimeSpan? _probeTimer;
    private TimeSpan? _heartbeatTimer;
    private int _handshakeTransmissions;
    private int _errorCount;

    public SctpAssociation(SctpOptions options, IEntropySource entropy, SubjectTrace? trace = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReceiveWindow, 2 * options.MaxMessageSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BasePacketSize, 512);
        _options = options;
        _entropy = entropy;
        _trace = trace;
        _pathMtu = new PathMtuDiscovery(options.BasePacketSize & ~3, options.MaxPacketSize & ~3);
        RemotePort = options.RemotePort;
        _sendQueue = new SendQueue(ReportBufferedAmount);
        _timeout = new RetransmissionTimeout(options.InitialRetransmissionTimeout, options.MinRetransmissionTimeout, options.MaxRetransmissionTimeout);
        entropy.Fill(_cookieSecret);
    }

    /// <summary>Where it stands (RFC 9260 section 4). <see cref="SctpState.Closed"/> before the beginning and after the end, which has a <see cref="EndReason"/>.</summary>
    public SctpState State
    {
        get;
        private set
        {
            if (field != value)
            {
                field = value;
                _trace?.IfOn?.Write(TraceCategory.Sctp, $"{value}");
            }
        }
    }

    /// <summary>Why it has ended, orderly or not, as a sentence; null until then.</summary>
    public string? EndReason { get; private set; }

    /// <summary>Whether it is over.</summary>
    public bool IsEnded => EndReason is not null;

    /// <summary>It ended in order, by SHUTDOWN: everything was delivered.</summary>
    public bool IsShutDown { get; private set; }

    /// <summary>The peer's user has ended it with an ABORT (RFC 9260 section 3.3.10.12), as libwebrtc does: nothing went wrong.</summary>
    public bool IsAbortedByUser { get; private set; }

    /// <summary>The longest packet, a multiple of 4; probes are longer. Changes when more is known of the path.</summary>
    public int MaxPacketSize => _pathMtu.PacketSize;

    /// <summary>
    /// The longest that the next packet may be. More than <see cref="MaxPacketSize"/> where a fragment comes first that was made when the
    /// path carried longer packets: it cannot be cut again, so its packet is left to IP to cut (RFC 9260 section 6.9).
    /// </summary>
    public int NextPacketSize => _controlPackets.Count == 0 && _transfer is { Outstanding: var outstanding } && outstanding.TryPeekLost(out long tsn)
        ? Math.Max(MaxPacketSize, SctpPacket.HeaderLength + TlvReader.Pad(DataHeaderLength + outstanding[tsn].Length))
        : MaxPacketSize;

    /// <summary>The peer's port, from its description; may be set until the handshake begins.</summary>
    public ushort RemotePort { get; set; }

    /// <summary>How many streams the peer accepts; 0 before the handshake.</summary>
    public int OutboundStreams => _transfer?.OutboundStreams ?? 0;

    /// <summary>Whether messages of several streams are interleaved (RFC 8260).</summary>
    public bool IsInterleaved => _sendQueue.IsInterleaved;

    /// <summary>SRTT (RFC 9260 section 6.3.1); null until measured.</summary>
    public TimeSpan? RoundTripTime => _timeout.SmoothedRoundTripTime;

    /// <summary>cwnd in bytes of payload; 0 before the handshake.</summary>
    public long CongestionWindow => _transfer?.Congestion.Window ?? 0;

    /// <summary>Payload bytes in flight.</summary>
    public long FlightSize => _transfer?.Outstanding.FlightSize ?? 0;

    /// <summary>DATA chunks sent again.</summary>
    public long Retransmissions { get; private set; }

    /// <summary>Packets that were malformed or not for this association.</summary>
    public long DroppedPackets { get; private set; }

    /// <summary>How often T3 has expired with something in flight.</summary>
    public long RetransmissionTimeouts { get; private set; }

    /// <summary>When <see cref="HandleTimeout"/> must be called; null when nothing is awaited, and for ever once it has ended.</summary>
    public TimeSpan? NextTimeout
    {
        get
        {
            if (IsEnded)
            {
                return null;
            }

            TimeSpan? next = Earliest(_handshakeTimer, _shutdownTimer);
            next = Earliest(next, Earliest(_retransmissionTimer, _transfer?.Acks.Timer));
            next = Earliest(next, _pathMtu.Timer);
            next = Earliest(next, Earliest(_probeTimer, _transfer?.Outstanding.ReorderingTimeout));
            return Earliest(next, Earliest(_heartbeatTimer, _transfer?.Resetter.Timer));
        }
    }

    private bool IsEventNext => _events.TryPeek(out (SctpEvent Event, long After) next) && next.After <= (_transfer?.Reassembly.TakenCount ?? 0);

    private bool CanCarryData => State is SctpState.Established or SctpState.ShutdownPending or SctpState.ShutdownSent or SctpState.ShutdownReceived;

    /// <summary>What it has done so far, as a snapshot.</summary>
    public SctpTransportStats GetStats() => new()
    {
        SmoothedRoundTripTime = RoundTripTime,
        CongestionWindow = CongestionWindow,
        ReceiverWindow = _transfer is { } transfer ? Math.Max(0, transfer.PeerWindow + FlightSize) : 0,
        Mtu = MaxPacketSize,
        UnackData = _transfer is { Outstanding: var outstanding } ? outstanding.NextTsn - outstanding.CumulativeTsnAck - 1 : 0,
        FlightSize = FlightSize,
        Retransmissions = Retransmissions,
        RetransmissionTimeouts = RetransmissionTimeouts,
        DroppedPackets = DroppedPackets,
    };

    /// <summary>Lets time pass.</summary>
    public void HandleTimeout(TimeSpan now)
    {
        if (IsEnded)
        {
            return;
        }

        if (_handshakeTimer <= now)
        {
            HandleHandshakeTimeout(now);
        }

        if (_shutdownTimer <= now)
        {
            HandleShutdownTimeout(now);
        }

        if (_transfer is { } transfer)
        {
            transfer.Acks.HandleTimeout(now);
            if (transfer.Outstanding.ReorderingTimeout <= now)
            {
                HandleReorderingTimeout(now, transfer);
            }

            if (_probeTimer <= now)
            {
                HandleProbeTimeout(transfer);
            }

            if (_retransmissionTimer <= now)
            {
                HandleRetransmissionTimeout(now, transfer);
            }

            if (transfer.Resetter.Timer <= now)
            {
                HandleResetTimeout(transfer);
            }

            if (_heartbeatTimer <= now)
            {
                SendHeartbeat(now);
            }

            if (_pathMtu.Timer <= now)
            {
                _pathMtu.HandleTimeout(now);
            }
        }
    }

    /// <summary>Writes the next packet to send, if there is one now.</summary>
    /// <param name="now">The present time.</param>
    /// <param name="buffer">At least <see cref="NextPacketSize"/> bytes.</param>
    /// <param name="length">How many were written.</param>
    public bool TryPollPacket(TimeSpan now, Span<byte> buffer, out int length)
    {
        DiscardExpired(now);
        buffer = buffer[..NextPacketSize];
        if (_controlPackets.TryDequeue(out ControlPacket? control))
        {
            SctpPacket.WriteHeader(buffer, _options.LocalPort, RemotePort, control.VerificationTag);
            control.Chunk.CopyTo(buffer[SctpPacket.HeaderLength..]);
            length = SctpPacket.HeaderLength + control.Chunk.Length;
            SctpPacket.WriteChecksum(buffer[..length]);
            return true;
        }

        length = 0;
        if (_transfer is not { } transfer || !CanCarryData)
        {
            return false;
        }

        var writer = new PacketWriter(buffer, SctpPacket.HeaderLength);
        WriteTransferChunks(now, transfer, ref writer);
        if (writer.Length == SctpPacket.HeaderLength)
        {
            return false;
        }

        length = writer.Length;
        FinishPacket(transfer, buffer[..length]);
        return true;
    }

    /// <summary>Takes the next event; none comes before the messages that preceded it were taken.</summary>
    public bool TryPollEvent(out SctpEvent e)
    {
        bool isNext = IsEventNext;
        e = isNext ? _events.Dequeue().Event : default;
        return isNext;
    }

    private void FinishPacket(Transfer transfer, Span<byte> packet)
    {
        SctpPacket.WriteHeader(packet, _options.LocalPort, RemotePort, _peerTag);
        if ((transfer.Capabilities & Capabilities.ZeroChecksum) == 0)
        {
            SctpPacket.WriteChecksum(packet);
        }
    }

    private void Report(in SctpEvent e) => _events.Enqueue((e, _transfer?.Reassembly.ReadyCount ?? 0));

    private static TimeSpan? Earliest(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b : a;

    private uint CreateTag()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        _entropy.Fill(bytes);
        return Math.Max(1, BitConverter.ToUInt32(bytes));
    }

    private void QueueControl(uint verificationTag, ChunkType type, byte flags, ReadOnlySpan<byte> value)
    {
        Span<byte> buffer = stackalloc byte[TlvReader.Pad(TlvReader.HeaderLength + value.Length)];
        var writer = new PacketWriter(buffer, 0);
        writer.BeginChunk(type, flags);
        writer.WriteBytes(value);
        writer.EndChunk();
        QueueControl(verificationTag, buffer[..writer.Length]);
    }

    private void QueueControl(uint verificationTag, ReadOnlySpan<byte> chunk)
    {
        Debug.Assert(chunk.Length <= MaxPacketSize - SctpPacket.HeaderLength, "A control chunk fits a packet.");
        if (_controlPackets.Count < MaxQueuedControlPackets)
        {
            _controlPackets.Enqueue(new ControlPacket(verificationTag, chunk.ToArray()));
        }
    }

    /// <summary>A chunk that is sent in a packet of its own.</summary>
    private sealed record ControlPacket(uint VerificationTag, byte[] Chunk);

    /// <summary>What exists once both ends know each other's parameters.</summary>
    private sealed class Transfer
    {
        public Transfer(SendQueue sendQueue, SctpOptions options, int maxPacketSize, in StateCookie parameters, Capabilities capabilities)
        {
            Capabilities = capabilities;
            OutboundStreams = parameters.PeerInboundStreams;
            PeerWindow = parameters.PeerWindow;
            Received = new ReceivedTsns(parameters.PeerInitialTsn);
            Reassembly = new ReassemblyQueue(options.MaxMessageSize);
            Acks = new AckScheduler(Received, Reassembly, options.ReceiveWindow, (options.BasePacketSize & ~3) - SctpPacket.HeaderLength, options.SackDelay);
            Outstanding = new RetransmissionQueue(parameters.LocalInitialTsn, sendQueue, capabilities.HasFlag(Capabilities.PartialReliability));
            Congestion = options.CreateCongestionControl(maxPacketSize);
            Resetter = new StreamResetter(parameters.LocalInitialTsn, parameters.PeerInitialTsn, sendQueue.HasQueued);
        }

        public Capabilities Capabilities { get; }

        public int OutboundStreams { get; }

        public ReceivedTsns Received { get; }

        public ReassemblyQueue Reassembly { get; }

        public AckScheduler Acks { get; }

        public RetransmissionQueue Outstanding { get; }

        public ICongestionControl Congestion { get; }

        public StreamResetter Resetter { get; }

        /// <summary>What the peer's window leaves beyond what is in flight.</summary>
        public long PeerWindow { get; set; }
    }
}
