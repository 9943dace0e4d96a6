using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Socket;
using EGoat.WebRtc.Sctp.Tx;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Sctp;

internal sealed partial class SctpAssociation
{
    /// <summary>The end of a packet is left empty rather than filled with a fragment shorter than this.</summary>
    private const int MinFragmentLength = 256;

    /// <summary>Skipped streams that one FORWARD-TSN names; it stops before a TSN that would need more.</summary>
    private const int MaxForwardTsnStreams = 48;

    /// <summary>The longest FORWARD-TSN; it fits every packet that has no other chunk.</summary>
    private const int MaxForwardTsnLength = TlvReader.HeaderLength + sizeof(uint) + (8 * MaxForwardTsnStreams);

    /// <summary>How long peers are known to delay a SACK of a single packet.</summary>
    private static readonly TimeSpan MaxSackDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>Losses up to this TSN belong to the window reduction that was made (RFC 9260 section 7.2.4).</summary>
    private long _recoveryExit = long.MinValue;

    /// <summary>Packets of lost chunks that may be sent at once, whatever the window (RFC 9260 section 7.2.4, rule 3).</summary>
    private int _fastRetransmitPackets;
    private bool _isForwardTsnDue;

    /// <summary>When a message in flight expires next; <see cref="TimeSpan.MaxValue"/> when none does.</summary>
    private TimeSpan _nextExpiry = TimeSpan.MaxValue;

    /// <summary>A tail loss probe was sent and nothing was acknowledged since (RFC 8985 section 7).</summary>
    private bool _isProbing;

    /// <summary>Queues a message.</summary>
    /// <param name="now">The present time.</param>
    /// <param name="streamId">The stream, below <see cref="OutboundStreams"/>.</param>
    /// <param name="payloadProtocolId">What it holds (RFC 8831 section 8).</param>
    /// <param name="payload">At least one byte.</param>
    /// <param name="isUnordered">Whether it may overtake others of its stream.</param>
    /// <param name="lifetime">Given up when this time is over (RFC 3758), or null.</param>
    /// <param name="maxRetransmits">Given up rather than retransmitted more often, or null.</param>
    /// <param name="isCounted">Whether it counts in <see cref="GetBufferedAmount"/>.</param>
    /// <exception cref="InvalidOperationException">The association has ended or is ending.</exception>
    /// <exception cref="ArgumentException">The payload is empty.</exception>
    public void Send(TimeSpan now, ushort streamId, uint payloadProtocolId, in SctpPayload payload, bool isUnordered = false, TimeSpan? lifetime = null, int? maxRetransmits = null, bool isCounted = true)
    {
        if (IsEnded || State is not (SctpState.Closed or SctpState.CookieWait or SctpState.CookieEchoed or SctpState.Established))
        {
            throw new InvalidOperationException("The association has ended.");
        }

        if (payload.Length == 0)
        {
            throw new ArgumentException("SCTP has no empty messages.", nameof(payload));
        }

        _sendQueue.Enqueue(streamId, payloadProtocolId, payload, isUnordered, now + lifetime, maxRetransmits, isCounted);
    }

    /// <summary>Bytes of a stream that wait to be sent for the first time, of messages that are counted.</summary>
    public long GetBufferedAmount(ushort streamId) => _sendQueue.GetBufferedAmount(streamId);

    /// <summary>Reports <see cref="SctpEventType.BufferedAmountLow"/> when the buffered amount falls to this or below.</summary>
    public void SetBufferedAmountLowThreshold(ushort streamId, long threshold) => _lowThresholds[streamId] = threshold;

    /// <summary>The stream's share of what is sent, in proportion to others (RFC 8831 section 6.4). Default 256.</summary>
    public void SetPriority(ushort streamId, ushort priority) => _sendQueue.SetPriority(streamId, priority);

    /// <summary>Resets the outgoing side of a stream once everything queued on it was sent (RFC 6525, RFC 8831 section 6.7).</summary>
    public void ResetStream(ushort streamId) => _transfer?.Resetter.Want(streamId);

    // SACK first, then what was lost, then what is new.
    private void WriteTransferChunks(TimeSpan now, Transfer transfer, ref PacketWriter writer)
    {
        if (_nextExpiry <= now)
        {
            long before = transfer.Outstanding.AdvancedPeerAckPoint;
            _nextExpiry = transfer.Outstanding.AbandonExpired(now);
            _isForwardTsnDue |= transfer.Outstanding.AdvancedPeerAckPoint > before;
        }

        transfer.Acks.Write(ref writer, isSentAnyway: transfer.Outstanding.HasLost || CanSendNew(transfer));

        // SACKs of many gaps may leave no room: what does not fit goes into the next packet.
        if (_isForwardTsnDue && writer.Free >= MaxForwardTsnLength)
        {
            WriteForwardTsn(now, transfer, ref writer);
        }

        BeginReset(transfer);
        if ((transfer.Resetter.HasRequestToSend || transfer.Resetter.HasResponseToSend) && writer.Free >= StreamResetter.MaxChunkLength)
        {
            if (transfer.Resetter.HasRequestToSend)
            {
                transfer.Resetter.Timer = now + _timeout.Value;
            }

            transfer.Resetter.Write(ref writer);
        }

        WriteLostData(now, transfer, ref writer);
        WriteNewData(now, transfer, ref writer);
        if (transfer.Outstanding.HasLost || CanSendNew(transfer))
        {
            WritePadding(transfer, ref writer);
        }
    }

    // Packets of one size can be sent in one call: those that others follow are filled.
    private static void WritePadding(Transfer transfer, ref PacketWriter writer)
    {
        int free = writer.Free & ~3;
        if (free is >= TlvReader.HeaderLength and < MinFragmentLength + DataChunk.InterleavedHeaderLength && transfer.Capabilities.HasFlag(Capabilities.Padding))
        {
            writer.BeginChunk(ChunkType.Pad);
            writer.WriteZeros(free - TlvReader.HeaderLength);
            writer.EndChunk();
        }
    }

    private void WriteLostData(TimeSpan now, Transfer transfer, ref PacketWriter writer)
    {
        RetransmissionQueue outstanding = transfer.Outstanding;
        bool isFast = _fastRetransmitPackets > 0;
        while (outstanding.TryPeekLost(out long tsn))
        {
            ref OutstandingChunk chunk = ref outstanding[tsn];
            bool fitsWindow = isFast || outstanding.FlightSize == 0 || outstanding.FlightSize + chunk.Length <= transfer.Congestion.Window;
            if (!fitsWindow || TlvReader.Pad(DataHeaderLength + chunk.Length) > writer.Free)
            {
                break;
            }

            WriteChunk(ref writer, tsn, chunk);
            outstanding.MarkRetransmitted(now, tsn);
            Retransmissions++;
            _retransmissionTimer ??= now + _timeout.Value;
        }

        _fastRetransmitPackets = isFast ? _fastRetransmitPackets - 1 : 0;
    }

    private int MaxFragmentLength => MaxPacketSize - SctpPacket.HeaderLength - DataHeaderLength;

    private int DataHeaderLength => _sendQueue.IsInterleaved ? DataChunk.InterleavedHeaderLength : DataChunk.HeaderLength;

    private bool CanSendNew(Transfer transfer) =>
        !_sendQueue.IsEmpty && !transfer.Outstanding.HasLost && State is SctpState.Established or SctpState.ShutdownPending or SctpState.ShutdownReceived &&
        transfer.Outstanding.FlightSize < transfer.Congestion.Window;

    // Messages whose lifetime ended before a part of them was sent. A shutdown or a stream reset may have waited for them.
    private void DiscardExpired(TimeSpan now)
    {
        while (_sendQueue.Peek() is { Sent: 0 } message && message.Expires <= now)
        {
            _sendQueue.Discard(message);
            _sendQueue.Recycle(message);
            AdvanceShutdown(now);
        }
    }

    private void WriteNewData(TimeSpan now, Transfer transfer, ref PacketWriter writer)
    {
        while (CanSendNew(transfer) && _sendQueue.Peek() is { } message)
        {
            if (message.Sent == 0 && message.Expires <= now)
            {
                break;
            }

            int left = message.Length - message.Sent;
            int length = Math.Min(Math.Min(left, MaxFragmentLength), (writer.Free & ~3) - DataHeaderLength);
            if (length <= 0 || (length < left && length < MinFragmentLength) || !FitsPeerWindow(transfer, length))
            {
                break;
            }

            if (message.Sent == 0)
            {
                _sendQueue.AssignNumber(message);
            }

            byte flags = (byte)((message.Sent == 0 ? DataChunk.BeginFlag : 0) | (length == left ? DataChunk.EndFlag : 0) | (message.IsUnordered ? DataChunk.UnorderedFlag : 0));
            long tsn = transfer.Outstanding.Add(now, message, message.Sent, length, flags, message.NextFragmentNumber++);
            WriteChunk(ref writer, tsn, transfer.Outstanding[tsn]);
            transfer.PeerWindow -= length;
            _nextExpiry = message.Expires < _nextExpiry ? message.Expires.Value : _nextExpiry;
            _sendQueue.Advance(message, length);
            _retransmissionTimer ??= now + _timeout.Value;
            ScheduleProbe(now, transfer);
        }
    }

    // RFC 9260 section 6.1, rule A: with nothing in flight one chunk may always go, which probes a closed window.
    private static bool FitsPeerWindow(Transfer transfer, int length) => length <= transfer.PeerWindow || transfer.Outstanding.FlightSize == 0;

    private void ReportBufferedAmount(ushort streamId, long before, long after)
    {
        if (_lowThresholds.TryGetValue(streamId, out long threshold) && before > threshold && after <= threshold)
        {
            Report(SctpEvent.Of(SctpEventType.BufferedAmountLow, streamId));
        }
    }

    private void WriteChunk(ref PacketWriter writer, long tsn, in OutstandingChunk chunk)
    {
        OutboundMessage message = chunk.Message;
        ReadOnlySpan<byte> payload = message.GetPayload(chunk.Offset, chunk.Length, out ReadOnlySpan<byte> rest);
        DataChunk.Write(
            ref writer, _sendQueue.IsInterleaved, chunk.Flags, (uint)tsn, message.StreamId, message.MessageNumber, chunk.FragmentNumber, message.PayloadProtocolId, payload, rest);
    }

    private bool IsRecovering(Transfer transfer) => transfer.Outstanding.CumulativeTsnAck < _recoveryExit;

    private void HandleLosses(TimeSpan now, Transfer transfer, long bytes)
    {
        if (bytes > 0 && !IsRecovering(transfer) && transfer.Congestion.OnLost(now, bytes))
        {
            _recoveryExit = transfer.Outstanding.NextTsn - 1;
            _fastRetransmitPackets = 1;
        }

        _isForwardTsnDue |= transfer.Outstanding.HasAbandoned;
    }

    private void HandleReorderingTimeout(TimeSpan now, Transfer transfer) => HandleLosses(now, transfer, transfer.Outstanding.DetectLosses(now));

    // RFC 8985 section 7.2: when nothing comes for two round trips, something may be lost that nothing followed.
    private void ScheduleProbe(TimeSpan now, Transfer transfer)
    {
        _probeTimer = null;
        if (_isProbing || transfer.Outstanding.HasLost || IsRecovering(transfer) || _timeout.SmoothedRoundTripTime is not { } roundTrip)
        {
            return;
        }

        TimeSpan wait = 2 * roundTrip;
        wait += transfer.Outstanding.FlightSize <= MaxPacketSize ? MaxSackDelay : TimeSpan.Zero;
        _probeTimer = wait < _timeout.Value ? now + wait : null;
    }

    private void HandleProbeTimeout(Transfer transfer)
    {
        _probeTimer = null;
        if (!transfer.Outstanding.HasLost && transfer.Outstanding.TryProbe())
        {
            _isProbing = true;
            _trace?.IfOn?.Write(TraceCategory.Sctp, "tail loss probe");
            _fastRetransmitPackets = 1;
        }
    }

    private void HandleRetransmissionTimeout(TimeSpan now, Transfer transfer)
    {
        _retransmissionTimer = _probeTimer = null;
        _isProbing = false;
        if (transfer.Outstanding.IsEmpty)
        {
            return;
        }

        RetransmissionTimeouts++;
        _trace?.IfOn?.Write(TraceCategory.Sctp, $"T3 has expired after {_timeout.Value.TotalMilliseconds:F0} ms: {FlightSize} bytes in flight count as lost");
        if (!CountError())
        {
            return;
        }

        _timeout.BackOff();
        transfer.Congestion.OnTimeout();
        _pathMtu.OnRetransmissionTimeout();
        transfer.Outstanding.MarkAllLost();
        _recoveryExit = long.MinValue;
        _isForwardTsnDue = transfer.Outstanding.HasAbandoned;
        _retransmissionTimer = now + _timeout.Value;
    }

    // RFC 9260 section 8.1. False: that was one too many.
    private bool CountError()
    {
        if (++_errorCount <= _options.MaxRetransmits)
        {
            return true;
        }

        Fail("The peer does not acknowledge anything any more.");
        return false;
    }

    private void WriteForwardTsn(TimeSpan now, Transfer transfer, ref PacketWriter writer)
    {
        RetransmissionQueue outstanding = transfer.Outstanding;
        _isForwardTsnDue = false;
        if (!outstanding.HasAbandoned || !transfer.Capabilities.HasFlag(Capabilities.PartialReliability))
        {
            return;
        }

        // The last number that each stream skips; unordered DATA needs none (RFC 3758 section 3.2, RFC 8260 section 2.3.1).
        var skipped = new Dictionary<(ushort StreamId, bool IsUnordered), uint>();
        long last = outstanding.CumulativeTsnAck;
        for (long tsn = last + 1; tsn <= outstanding.AdvancedPeerAckPoint && skipped.Count < MaxForwardTsnStreams; tsn++)
        {
            OutstandingChunk chunk = outstanding[tsn];
            last = tsn;
            if (chunk.State == ChunkState.Abandoned && (IsInterleaved || !chunk.Message.IsUnordered))
            {
                skipped[(chunk.Message.StreamId, chunk.Message.IsUnordered)] = chunk.Message.MessageNumber;
            }
        }

        writer.BeginChunk(IsInterleaved ? ChunkType.IForwardTsn : ChunkType.ForwardTsn);
        writer.WriteUInt32((uint)last);
        foreach (((ushort streamId, bool isUnordered), uint number) in skipped)
        {
            writer.WriteUInt16(streamId);
            if (IsInterleaved)
            {
                writer.WriteUInt16(isUnordered ? 1 : 0);
                writer.WriteUInt32(number);
            }
            else
            {
                writer.WriteUInt16((ushort)number);
            }
        }

        writer.EndChunk();
        _retransmissionTimer ??= now + _timeout.Value;
    }
}
