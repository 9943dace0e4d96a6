using System.Buffers.Binary;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Rx;
using EGoat.WebRtc.Sctp.Tx;

namespace EGoat.WebRtc.Sctp;

internal sealed partial class SctpAssociation
{
    /// <summary>ERROR chunks that one packet may cause: unknown chunks beyond it are skipped in silence.</summary>
    private const int MaxErrorsPerPacket = 4;

    /// <summary>ABORT and SHUTDOWN COMPLETE carry the peer's tag rather than ours (RFC 9260 section 8.5.1).</summary>
    private const byte ReflectedTagFlag = 1;

    /// <summary>Requests to reset streams that one packet may make. A peer has one of a kind under way (RFC 6525 section 5.1.1), and each makes work for every stream.</summary>
    private const int MaxResetRequestsPerPacket = 4;

    /// <summary>Those that the packet at hand made.</summary>
    private int _resetRequests;

    /// <summary>The packet at hand had a FORWARD-TSN. No sender has a reason for two, and each makes work: the second counts as lost.</summary>
    private bool _hasSkipped;

    /// <summary>Takes a packet from the peer. Malformed ones are dropped and counted; when it has ended all are, and the peer is told so.</summary>
    public void HandlePacket(TimeSpan now, ReadOnlySpan<byte> packet)
    {
        if (packet.Length < SctpPacket.HeaderLength + TlvReader.HeaderLength ||
            SctpPacket.ReadDestinationPort(packet) != _options.LocalPort ||
            !SctpPacket.HasValidChecksum(packet, _options.EnableZeroChecksum))
        {
            DroppedPackets++;
            return;
        }

        uint tag = SctpPacket.ReadVerificationTag(packet);
        if (IsEnded)
        {
            HandleOutOfTheBlue(packet, tag);
            return;
        }

        var chunks = new TlvReader(packet[SctpPacket.HeaderLength..]);
        bool hasData = false;
        int errors = 0;
        bool isFirst = true;
        _hasSkipped = false;
        _resetRequests = 0;
        while (chunks.TryReadChunk(out ChunkType type, out byte flags, out ReadOnlySpan<byte> value))
        {
            if (!IsTagRight(type, flags, tag, isFirst))
            {
                DroppedPackets++;
                return;
            }

            isFirst = false;
            if (type is ChunkType.Data or ChunkType.IData)
            {
                hasData = true;
                HandleData(type, flags, value);
            }
            else if (!HandleControl(now, type, flags, value, tag, ref errors))
            {
                break;
            }

            if (IsEnded)
            {
                return;
            }
        }

        if (chunks.IsMalformed)
        {
            DroppedPackets++;
        }

        if (hasData && !IsEnded)
        {
            _transfer?.Acks.OnDataPacket(now);
            if (State == SctpState.ShutdownSent)
            {
                StartShutdownTimer(now); // RFC 9260 section 9.2: the peer still has something to say
            }
        }
    }

    /// <summary>Takes the next message, unless an event comes first. Its bytes hold the peer's window back until <see cref="Release"/>.</summary>
    public bool TryReceive(out SctpMessage message)
    {
        message = default;
        return !IsEventNext && _transfer is { } transfer && transfer.Reassembly.TryTake(out message);
    }

    /// <summary>The application has consumed a message of this length: the window opens for as much.</summary>
    public void Release(int length)
    {
        if (_transfer is not { } transfer)
        {
            return;
        }

        transfer.Reassembly.Release(length);
        transfer.Acks.OnConsumed();
    }

    // RFC 9260 sections 8.5 and 8.5.1.
    private bool IsTagRight(ChunkType type, byte flags, uint tag, bool isFirst) => type switch
    {
        ChunkType.Init => tag == 0 && isFirst,
        ChunkType.CookieEcho => isFirst && tag != 0,
        ChunkType.ShutdownAck when State is SctpState.CookieWait or SctpState.CookieEchoed => tag != 0,
        ChunkType.Abort or ChunkType.ShutdownComplete => tag != 0 && tag == ((flags & ReflectedTagFlag) != 0 ? _peerTag : _localTag),
        _ => tag != 0 && tag == _localTag,
    };

    // False: the rest of the packet is to be ignored.
    private bool HandleControl(TimeSpan now, ChunkType type, byte flags, ReadOnlySpan<byte> value, uint tag, ref int errors)
    {
        switch (type)
        {
            case ChunkType.Init:
                HandleInit(now, value);
                return false;
            case ChunkType.InitAck:
                HandleInitAck(now, value);
                return false;
            case ChunkType.CookieEcho:
                return HandleCookieEcho(now, value, tag);
            case ChunkType.CookieAck:
                HandleCookieAck(now);
                return true;
            case ChunkType.Sack:
                HandleSack(now, value);
                return true;
            case ChunkType.Heartbeat:
                HandleHeartbeat(value);
                return true;
            case ChunkType.Pad:
                return true;
            case ChunkType.HeartbeatAck:
                HandleHeartbeatAck(now, value);
                return true;
            case ChunkType.ForwardTsn:
            case ChunkType.IForwardTsn:
                HandleForwardTsn(value, type == ChunkType.IForwardTsn);
                return true;
            case ChunkType.ReConfig:
                HandleReConfig(now, value);
                return true;
            case ChunkType.Abort:
                HandleAbort(value);
                return false;
            case ChunkType.Shutdown:
                HandleShutdown(now, value);
                return true;
            case ChunkType.ShutdownAck:
                HandleShutdownAck(tag);
                return false;
            case ChunkType.ShutdownComplete:
                HandleShutdownComplete();
                return false;
            case ChunkType.Error:
                HandleError(now, value);
                return true;
            default:
                return HandleUnknown(type, flags, value, ref errors);
        }
    }

    // RFC 9260 section 3.2: the highest bit says whether to go on, the next whether to report.
    private bool HandleUnknown(ChunkType type, byte flags, ReadOnlySpan<byte> value, ref int errors)
    {
        if (((byte)type & 0x40) != 0 && errors++ < MaxErrorsPerPacket && _transfer is not null)
        {
            int length = Math.Min(value.Length, 64);
            Span<byte> cause = stackalloc byte[8 + 64];
            var writer = new PacketWriter(cause, 0);
            writer.WriteUInt16((int)ErrorCause.UnrecognizedChunkType);
            writer.WriteUInt16(TlvReader.HeaderLength + TlvReader.HeaderLength + length);
            writer.WriteUInt16(((byte)type << 8) | flags);
            writer.WriteUInt16(TlvReader.HeaderLength + value.Length);
            writer.WriteBytes(value[..length]);
            QueueControl(_peerTag, ChunkType.Error, 0, cause[..writer.Length]);
        }

        return ((byte)type & 0x80) != 0;
    }

    private void HandleData(ChunkType type, byte flags, ReadOnlySpan<byte> value)
    {
        if (_transfer is not { } transfer || !CanCarryData || !DataChunk.TryParse(type, flags, value, out DataChunk chunk))
        {
            DroppedPackets++;
            return;
        }

        if (chunk.Payload.IsEmpty)
        {
            Fail("The peer sent a DATA chunk without user data.", ErrorCause.NoUserData, chunk.Tsn);
            return;
        }

        if (chunk.IsInterleaved != _sendQueue.IsInterleaved)
        {
            Fail("The peer sent DATA where I-DATA was agreed, or the reverse.", ErrorCause.ProtocolViolation);
            return;
        }

        long tsn = SerialNumber.Unwrap(chunk.Tsn, transfer.Received.CumulativeTsn);
        if (transfer.Received.Contains(tsn))
        {
            transfer.Received.AddDuplicate(tsn);
            transfer.Acks.RequestAtOnce(); // RFC 9260 section 6.2: the peer may have missed a SACK
            return;
        }

        // RFC 9260 section 6.2: with no window left only what fills a gap is taken. It is not acknowledged, so it comes again.
        bool isNewest = tsn > transfer.Received.HighestTsn;
        if (!transfer.Received.CanAdd(tsn) || (isNewest && transfer.Acks.WindowLeft <= 0) || transfer.Reassembly.BufferedBytes > MaxBufferedBytes)
        {
            transfer.Acks.RequestAtOnce();
            return;
        }

        transfer.Received.Add(tsn);
        if (chunk.IsImmediate)
        {
            transfer.Acks.RequestAtOnce();
        }

        if (transfer.Reassembly.Add(chunk, tsn) is { } violation)
        {
            Fail($"The peer sent {violation}.", ErrorCause.ProtocolViolation);
        }
    }

    // Far more than a peer can send that keeps to the window: its payload, and the overhead of all TSNs that may have gaps before them.
    private long MaxBufferedBytes => (2L * _options.ReceiveWindow) + ((long)ushort.MaxValue * ReassemblyQueue.Overhead);

    private void HandleSack(TimeSpan now, ReadOnlySpan<byte> value)
    {
        if (_transfer is not { } transfer || !SackChunk.TryParse(value, out SackChunk sack))
        {
            DroppedPackets++;
            return;
        }

        bool isWindowFull = transfer.Outstanding.FlightSize + MaxPacketSize > transfer.Congestion.Window;
        SackResult result = transfer.Outstanding.HandleSack(now, sack);
        if (!result.IsValid)
        {
            return;
        }

        if (result.RoundTrip is { } roundTrip)
        {
            _timeout.Measure(roundTrip);
            _heartbeatTimer = now + _options.HeartbeatInterval; // the path is not idle (RFC 9260 section 8.3)
        }

        // A peer without room answers window probes without taking them (RFC 9260 section 6.1, rule A).
        if (result.HasAdvanced || result.AcknowledgedBytes > 0 || sack.AdvertisedReceiverWindow < MaxPacketSize)
        {
            _errorCount = 0;
        }

        if (result.AcknowledgedBytes > 0)
        {
            _isProbing = false;
            _pathMtu.OnAcknowledged(result.AcknowledgedBytes);
            transfer.Congestion.OnAcknowledged(now, result.AcknowledgedBytes, result.RoundTrip, isWindowFull, IsRecovering(transfer));
        }

        HandleLosses(now, transfer, result.LostBytes);
        transfer.PeerWindow = sack.AdvertisedReceiverWindow - transfer.Outstanding.FlightSize;
        _isForwardTsnDue = transfer.Outstanding.HasAbandoned;
        if (transfer.Outstanding.IsEmpty)
        {
            _retransmissionTimer = _probeTimer = null;
            AdvanceShutdown(now);
        }
        else if (result.HasAdvanced || _retransmissionTimer is null)
        {
            _retransmissionTimer = now + _timeout.Value;
            ScheduleProbe(now, transfer);
        }
    }

    private void HandleForwardTsn(ReadOnlySpan<byte> value, bool isInterleaved)
    {
        int entryLength = isInterleaved ? 8 : 4;
        if (_transfer is not { } transfer || value.Length < sizeof(uint) || (value.Length - sizeof(uint)) % entryLength != 0)
        {
            DroppedPackets++;
            return;
        }

        if (isInterleaved != IsInterleaved)
        {
            Fail("The peer sent FORWARD-TSN where I-DATA was agreed, or the reverse."); // RFC 8260 section 2.3.1
            return;
        }

        transfer.Acks.RequestAtOnce();
        long tsn = SerialNumber.Unwrap(BinaryPrimitives.ReadUInt32BigEndian(value), transfer.Received.CumulativeTsn);
        if (tsn <= transfer.Received.CumulativeTsn || _hasSkipped)
        {
            return;
        }

        _hasSkipped = true;

        transfer.Received.SkipTo(tsn);
        transfer.Reassembly.Skip(tsn, ReadSkippedStreams(value[sizeof(uint)..], isInterleaved));
    }

    // RFC 3758 section 3.2: stream u16, SSN u16. RFC 8260 section 2.3.1: stream u16, flags u16 of which the lowest says "unordered", MID u32.
    private static SkippedStream[] ReadSkippedStreams(ReadOnlySpan<byte> value, bool isInterleaved)
    {
        var streams = new SkippedStream[value.Length / (isInterleaved ? 8 : 4)];
        for (int i = 0; i < streams.Length; i++)
        {
            ReadOnlySpan<byte> entry = value[(i * (isInterleaved ? 8 : 4))..];
            ushort streamId = BinaryPrimitives.ReadUInt16BigEndian(entry);
            streams[i] = isInterleaved
                ? new SkippedStream(streamId, (entry[3] & 1) != 0, BinaryPrimitives.ReadUInt32BigEndian(entry[4..]), true)
                : new SkippedStream(streamId, false, BinaryPrimitives.ReadUInt16BigEndian(entry[2..]), false);
        }

        return streams;
    }

    private void HandleReConfig(TimeSpan now, ReadOnlySpan<byte> value)
    {
        if (_transfer is not { } transfer)
        {
            return;
        }

        var parameters = new TlvReader(value);
        while (parameters.TryRead(out ushort type, out ReadOnlySpan<byte> parameter))
        {
            if ((ParameterType)type != ParameterType.ReConfigurationResponse && ++_resetRequests > MaxResetRequestsPerPacket)
            {
                return;
            }

            switch ((ParameterType)type)
            {
                case ParameterType.OutgoingSsnResetRequest:
                    if (transfer.Resetter.HandleOutgoingRequest(parameter, transfer.Received.CumulativeTsn, out ushort[] incoming))
                    {
                        transfer.Reassembly.ResetStreams(incoming);
                        Report(SctpEvent.Of(SctpEventType.IncomingStreamsReset, incoming));
                    }

                    break;
                case ParameterType.IncomingSsnResetRequest:
                    if (transfer.Resetter.HandleIncomingRequest(parameter, out ushort[] wanted))
                    {
                        Array.ForEach(wanted, transfer.Resetter.Want);
                    }

                    break;
                case ParameterType.ReConfigurationResponse:
                    if (transfer.Resetter.HandleResponse(parameter, out ushort[] ids, out bool isReset))
                    {
                        _errorCount = 0;
                        HandleResetResult(ids, isReset);
                    }

                    break;
                default:
                    transfer.Resetter.HandleUnsupportedRequest(parameter);
                    break;
            }
        }
    }

    // T-Reconfig (RFC 6525 section 5.1.1). A peer that waits for data has answered: that is no error.
    private void HandleResetTimeout(Transfer transfer)
    {
        transfer.Resetter.Timer = null;
        transfer.Resetter.HasRequestToSend = true;
        if (!transfer.Resetter.IsInProgress && CountError())
        {
            _timeout.BackOff();
        }
    }

    // A peer that knows no RE-CONFIG is not asked.
    private void BeginReset(Transfer transfer)
    {
        ushort[] streamIds = transfer.Resetter.TryBegin(transfer.Outstanding.NextTsn - 1);
        _sendQueue.Hold(streamIds);
        if (streamIds.Length > 0 && !transfer.Capabilities.HasFlag(Capabilities.StreamReset))
        {
            transfer.Resetter.GiveUp();
            HandleResetResult(streamIds, false);
        }
    }

    private void HandleResetResult(ushort[] streamIds, bool isReset)
    {
        _sendQueue.Release(streamIds, isReset);
        Report(SctpEvent.Of(isReset ? SctpEventType.OutgoingStreamsReset : SctpEventType.StreamResetDenied, streamIds));
    }
}
