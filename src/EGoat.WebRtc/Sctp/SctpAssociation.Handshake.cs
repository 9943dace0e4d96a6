using System.Buffers.Binary;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Socket;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Sctp;

// A -- INIT --------> Z      Both ends of a data channel connection usually do this at once (RFC 9260 section 5.2.1);
// A <-- INIT ACK ---- Z      whichever COOKIE ECHO comes first establishes the association.
// A -- COOKIE ECHO -> Z
// A <-- COOKIE ACK -- Z
internal sealed partial class SctpAssociation
{
    private const ushort MaxStreams = ushort.MaxValue;

    /// <summary>INIT, or INIT ACK with the cookie, as this end writes it.</summary>
    private const int MaxInitLength = 192;

    /// <summary>The chunk that T1 sends again: INIT or COOKIE ECHO.</summary>
    private byte[] _handshakeChunk = [];

    private Capabilities OwnCapabilities =>
        Capabilities.PartialReliability | Capabilities.StreamReset | Capabilities.Padding |
        (_options.EnableInterleaving ? Capabilities.MessageInterleaving : Capabilities.None) |
        (_options.EnableZeroChecksum ? Capabilities.ZeroChecksum : Capabilities.None);

    /// <summary>Begins the handshake. Both ends may do so; one is enough.</summary>
    /// <exception cref="InvalidOperationException">It has begun before.</exception>
    public void Connect(TimeSpan now)
    {
        if (State == SctpState.Established)
        {
            return; // the peer was faster
        }

        if (State != SctpState.Closed || IsEnded)
        {
            throw new InvalidOperationException($"The association is {State}.");
        }

        _localTag = CreateTag();
        _localInitialTsn = CreateTag();
        State = SctpState.CookieWait;
        Span<byte> buffer = stackalloc byte[MaxInitLength];
        var writer = new PacketWriter(buffer, 0);
        CreateInit(_localTag, _localInitialTsn, OwnCapabilities, [], []).Write(ref writer, ChunkType.Init);
        StartHandshakeTimer(now, buffer[..writer.Length], 0);
    }

    private InitChunk CreateInit(uint tag, uint initialTsn, Capabilities capabilities, ReadOnlySpan<byte> cookie, ReadOnlySpan<byte> peerParameters) => new()
    {
        InitiateTag = tag,
        AdvertisedReceiverWindow = (uint)_options.ReceiveWindow,
        OutboundStreams = MaxStreams,
        InboundStreams = MaxStreams,
        InitialTsn = initialTsn,
        Capabilities = capabilities,
        Cookie = cookie,
        Parameters = peerParameters,
    };

    private void StartHandshakeTimer(TimeSpan now, ReadOnlySpan<byte> chunk, uint verificationTag)
    {
        _handshakeChunk = chunk.ToArray();
        _handshakeTransmissions = 0;
        _handshakeTimer = now + _options.InitialRetransmissionTimeout;
        QueueControl(verificationTag, chunk);
    }

    private void HandleHandshakeTimeout(TimeSpan now)
    {
        if (++_handshakeTransmissions > _options.MaxInitRetransmits)
        {
            Fail("The peer does not answer the SCTP handshake.");
            return;
        }

        _trace?.IfOn?.Write(TraceCategory.Sctp, $"T1 has expired: {(State == SctpState.CookieWait ? "INIT" : "COOKIE ECHO")} is sent again");
        TimeSpan delay = _options.InitialRetransmissionTimeout * (1L << Math.Min(_handshakeTransmissions, 10));
        _handshakeTimer = now + (delay < _options.MaxRetransmissionTimeout ? delay : _options.MaxRetransmissionTimeout);
        QueueControl(State == SctpState.CookieWait ? 0 : _peerTag, _handshakeChunk);
    }

    // RFC 9260 sections 5.1, 5.2.1 and 5.2.2. Nothing is remembered but what the cookie carries.
    private void HandleInit(TimeSpan now, ReadOnlySpan<byte> value)
    {
        if (!InitChunk.TryParse(value, out InitChunk init))
        {
            DroppedPackets++;
            return;
        }

        if (State == SctpState.ShutdownAckSent)
        {
            QueueControl(_peerTag, ChunkType.ShutdownAck, 0, []);
            return;
        }

        bool isOpening = State is SctpState.CookieWait or SctpState.CookieEchoed;
        var cookie = new StateCookie
        {
            LocalTag = isOpening ? _localTag : CreateTag(),
            LocalInitialTsn = isOpening ? _localInitialTsn : CreateTag(),
            PeerTag = init.InitiateTag,
            PeerInitialTsn = init.InitialTsn,
            PeerWindow = init.AdvertisedReceiverWindow,
            PeerInboundStreams = init.InboundStreams,
            PeerCapabilities = init.Capabilities,
            LocalTieTag = State == SctpState.Closed ? 0 : _localTag,
            PeerTieTag = State == SctpState.Closed ? 0 : _peerTag,
            Created = now,
        };
        Span<byte> cookieBytes = stackalloc byte[StateCookie.Length];
        cookie.Write(cookieBytes, _cookieSecret);
        Span<byte> buffer = stackalloc byte[MaxInitLength + UnrecognizedParameters.MaxReportLength];
        var writer = new PacketWriter(buffer, 0);

        // RFC 9653: a checksum is left out where both ends announce it; to a peer that did not, it is not announced either.
        Capabilities announced = OwnCapabilities & (init.Capabilities | ~Capabilities.ZeroChecksum);
        InitChunk initAck = CreateInit(cookie.LocalTag, cookie.LocalInitialTsn, announced, cookieBytes, init.Parameters);
        initAck.Write(ref writer, ChunkType.InitAck);
        QueueControl(init.InitiateTag, buffer[..writer.Length]);
    }

    private void HandleInitAck(TimeSpan now, ReadOnlySpan<byte> value)
    {
        if (State != SctpState.CookieWait)
        {
            return; // RFC 9260 section 5.2.3
        }

        if (!InitChunk.TryParse(value, out InitChunk initAck) || initAck.Cookie.IsEmpty || initAck.Cookie.Length > MaxPacketSize - SctpPacket.HeaderLength - TlvReader.HeaderLength)
        {
            DroppedPackets++;
            return;
        }

        _peerTag = initAck.InitiateTag;
        CreateTransfer(new StateCookie
        {
            LocalTag = _localTag,
            LocalInitialTsn = _localInitialTsn,
            PeerTag = initAck.InitiateTag,
            PeerInitialTsn = initAck.InitialTsn,
            PeerWindow = initAck.AdvertisedReceiverWindow,
            PeerInboundStreams = initAck.InboundStreams,
            PeerCapabilities = initAck.Capabilities,
        });
        State = SctpState.CookieEchoed;
        Span<byte> buffer = stackalloc byte[TlvReader.Pad(TlvReader.HeaderLength + initAck.Cookie.Length)];
        var writer = new PacketWriter(buffer, 0);
        writer.BeginChunk(ChunkType.CookieEcho);
        writer.WriteBytes(initAck.Cookie);
        writer.EndChunk();
        StartHandshakeTimer(now, buffer, _peerTag);
    }

    // RFC 9260 sections 5.1.5 and 5.2.4. False: the rest of the packet is not for this association.
    private bool HandleCookieEcho(TimeSpan now, ReadOnlySpan<byte> value, uint verificationTag)
    {
        if (!StateCookie.TryParse(value, _cookieSecret, out StateCookie cookie) || cookie.LocalTag != verificationTag)
        {
            DroppedPackets++;
            return false;
        }

        bool isKnown = State is not (SctpState.Closed or SctpState.CookieWait or SctpState.CookieEchoed) && cookie.LocalTag == _localTag && cookie.PeerTag == _peerTag;
        if (now - cookie.Created > _options.CookieLifetime && !isKnown)
        {
            Span<byte> staleness = stackalloc byte[8];
            WriteCause(staleness, ErrorCause.StaleCookie, (uint)((now - cookie.Created - _options.CookieLifetime).TotalMicroseconds));
            QueueControl(cookie.PeerTag, ChunkType.Error, 0, staleness);
            return false;
        }

        CookieAction action = State == SctpState.Closed ? CookieAction.SimultaneousOpen : CookieActions.Decide(cookie, _localTag, _peerTag);
        switch (action)
        {
            case CookieAction.Restart when State == SctpState.ShutdownAckSent:
                // RFC 9260 section 5.2.4, action A: this association has to end first.
                QueueControl(_peerTag, ChunkType.ShutdownAck, 0, []);
                Span<byte> cause = stackalloc byte[TlvReader.HeaderLength];
                BinaryPrimitives.WriteUInt16BigEndian(cause, (ushort)ErrorCause.CookieReceivedWhileShuttingDown);
                BinaryPrimitives.WriteUInt16BigEndian(cause[2..], TlvReader.HeaderLength);
                QueueControl(cookie.PeerTag, ChunkType.Error, 0, cause);
                return false;
            case CookieAction.Restart:
                // What the peer has lost, messages in flight included, cannot be restored: the owner connects anew.
                Fail("The peer has restarted its SCTP association.");
                return false;
            case CookieAction.SimultaneousOpen when State is SctpState.Closed or SctpState.CookieWait or SctpState.CookieEchoed:
                if (IsEnded)
                {
                    return false;
                }

                (_localTag, _localInitialTsn, _peerTag) = (cookie.LocalTag, cookie.LocalInitialTsn, cookie.PeerTag);
                CreateTransfer(cookie);
                Establish(now);
                break;
            case CookieAction.Acknowledge:
                if (State is SctpState.CookieWait or SctpState.CookieEchoed)
                {
                    Establish(now);
                }

                break;
            default:
                return false;
        }

        QueueControl(_peerTag, ChunkType.CookieAck, 0, []);
        return true;
    }

    private void HandleCookieAck(TimeSpan now)
    {
        if (State == SctpState.CookieEchoed)
        {
            Establish(now);
        }
    }

    private void CreateTransfer(in StateCookie parameters)
    {
        Capabilities agreed = OwnCapabilities & parameters.PeerCapabilities;
        _transfer = new Transfer(_sendQueue, _options, MaxPacketSize, parameters, agreed);
        _sendQueue.IsInterleaved = agreed.HasFlag(Capabilities.MessageInterleaving);
    }

    private void Establish(TimeSpan now)
    {
        State = SctpState.Established;
        _handshakeTimer = null;
        _heartbeatTimer = now + _options.HeartbeatInterval;
        _errorCount = 0;
        Report(SctpEvent.Of(SctpEventType.Connected));
        if (_isShutdownWanted)
        {
            Shutdown(now);
        }
    }
}
