using System.Numerics;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>Everything sent and not yet acknowledged cumulatively, in a ring indexed by TSN (RFC 9260 section 6.2.1).</summary>
/// <remarks>
/// <para>What is in flight is linked in the order of sending, so that the lost ones (<see cref="LossDetector"/>) are at its
/// beginning. A SACK costs what it tells for the first time.</para>
/// <para>Messages are given up only where the peer can be told to skip them. Knows nothing of windows, timers or the wire.</para>
/// </remarks>
internal sealed class RetransmissionQueue(long initialTsn, SendQueue sendQueue, bool canAbandon)
{
    private const long None = -1;

    private readonly LossDetector _lossDetector = new();
    private OutstandingChunk[] _ring = new OutstandingChunk[64];
    private long _sendOrder;

    /// <summary>The chunks in flight that were sent first and last.</summary>
    private long _earliest = None;
    private long _latest = None;

    /// <summary>No chunk below this TSN is <see cref="ChunkState.Lost"/>.</summary>
    private long _firstLost = initialTsn;
    private int _lostCount;

    /// <summary>Everything up to this TSN has arrived.</summary>
    public long CumulativeTsnAck { get; private set; } = initialTsn - 1;

    /// <summary>The TSN of the next new chunk.</summary>
    public long NextTsn { get; private set; } = initialTsn;

    /// <summary>Payload bytes in flight.</summary>
    public long FlightSize { get; private set; }

    public bool IsEmpty => NextTsn == CumulativeTsnAck + 1;

    public bool HasLost => _lostCount > 0;

    /// <summary>When <see cref="DetectLosses"/> must be called next, if nothing is acknowledged before.</summary>
    public TimeSpan? ReorderingTimeout { get; private set; }

    /// <summary>The last TSN of a run behind <see cref="CumulativeTsnAck"/> that was given up or has arrived (RFC 3758 section 3.5).</summary>
    public long AdvancedPeerAckPoint { get; private set; } = initialTsn - 1;

    /// <summary>Whether the peer must be told to skip given-up TSNs.</summary>
    public bool HasAbandoned => AdvancedPeerAckPoint > CumulativeTsnAck;

    public ref OutstandingChunk this[long tsn] => ref _ring[tsn & (_ring.Length - 1)];

    /// <summary>Notes a new fragment that is being sent; returns its TSN.</summary>
    public long Add(TimeSpan now, OutboundMessage message, int offset, int length, byte flags, uint fragmentNumber)
    {
        if (NextTsn - CumulativeTsnAck > _ring.Length - 1)
        {
            Grow();
        }

        long tsn = NextTsn++;
        this[tsn] = new OutstandingChunk
        {
            Message = message,
            Offset = offset,
            Length = length,
            Flags = flags,
            FragmentNumber = fragmentNumber,
            Transmissions = 1,
        };
        message.Tsns = (offset == 0 ? tsn : message.Tsns.First, tsn);
        message.Outstanding++;
        AddToFlight(now, tsn);
        return tsn;
    }

    /// <summary>The lowest lost TSN.</summary>
    public bool TryPeekLost(out long tsn)
    {
        tsn = Math.Max(_firstLost, CumulativeTsnAck + 1);
        if (_lostCount == 0)
        {
            return false;
        }

        while (this[tsn].State != ChunkState.Lost)
        {
            tsn++;
        }

        _firstLost = tsn;
        return true;
    }

    /// <summary>A lost chunk is being sent again.</summary>
    public void MarkRetransmitted(TimeSpan now, long tsn)
    {
        ref OutstandingChunk chunk = ref this[tsn];
        chunk.Transmissions++;
        _lostCount--;
        AddToFlight(now, tsn);
    }

    /// <summary>
    /// Lets the chunk that was sent last be sent again, to hear whether it and those before it have arrived (RFC 8985 section 7.3).
    /// False when nothing is in flight or it may not be repeated.
    /// </summary>
    public bool TryProbe()
    {
        if (_latest == None || this[_latest].Message.MaxRetransmits < this[_latest].Transmissions)
        {
            return false;
        }

        MarkLost(_latest);
        return true;
    }

    public SackResult HandleSack(TimeSpan now, in SackChunk sack)
    {
        long cumulative = SerialNumber.Unwrap(sack.CumulativeTsnAck, CumulativeTsnAck);
        if (cumulative < CumulativeTsnAck || cumulative >= NextTsn || !AreValid(sack, cumulative))
        {
            return default;
        }

        var progress = new Progress();
        bool hasAdvanced = cumulative > CumulativeTsnAck;
        for (long tsn = CumulativeTsnAck + 1; tsn <= cumulative; tsn++)
        {
            Acknowledge(now, tsn, ref progress);
            Remove(tsn);
        }

        CumulativeTsnAck = cumulative;
        for (int i = 0; i < sack.GapBlockCount; i++)
        {
            (int start, int end) = sack.GetGapBlock(i);
            AcknowledgeBlock(now, cumulative + start, cumulative + end, ref progress);
        }

        if (sack.HasDuplicates)
        {
            _lossDetector.OnDuplicate(now);
        }

        _lossDetector.OnNewest(progress.NewestSendOrder, progress.NewestSentAt);
        return new SackResult(true, hasAdvanced, progress.Bytes, progress.RoundTrip, DetectLosses(now));
    }

    /// <summary>Marks what counts as lost by now; returns its bytes.</summary>
    public long DetectLosses(TimeSpan now)
    {
        long before = FlightSize;
        ReorderingTimeout = null;
        for (long tsn = _earliest; tsn != None && _lossDetector.IsOvertaken(this[tsn]); tsn = _earliest)
        {
            if (!_lossDetector.IsLost(now, this[tsn]))
            {
                ReorderingTimeout = _lossDetector.LostAt(this[tsn]);
                break;
            }

            MarkLost(tsn);
        }

        AdvancePeerAckPoint();
        return before - FlightSize;
    }

    /// <summary>T3 has expired: everything in flight counts as lost (RFC 9260 section 6.3.3).</summary>
    public void MarkAllLost()
    {
        while (_earliest != None)
        {
            MarkLost(_earliest);
        }

        AdvancePeerAckPoint();
        ReorderingTimeout = null;
    }

    /// <summary>Gives up messages whose lifetime is over; returns when the next one's is.</summary>
    public TimeSpan AbandonExpired(TimeSpan now)
    {
        TimeSpan next = TimeSpan.MaxValue;
        for (long tsn = CumulativeTsnAck + 1; canAbandon && tsn < NextTsn; tsn++)
        {
            OutstandingChunk chunk = this[tsn];
            if (chunk.State is ChunkState.Acknowledged or ChunkState.Abandoned || chunk.Message.Expires is not { } expires)
            {
                continue;
            }

            if (expires <= now)
            {
                Abandon(chunk.Message);
            }
            else
            {
                next = expires < next ? expires : next;
            }
        }

        AdvancePeerAckPoint();
        return next;
    }

    private bool AreValid(in SackChunk sack, long cumulative)
    {
        for (int i = 0; i < sack.GapBlockCount; i++)
        {
            (int start, int end) = sack.GetGapBlock(i);
            if (start == 0 || end < start || cumulative + end >= NextTsn)
            {
                return false;
            }
        }

        return true;
    }

    // Chunks that earlier SACKs acknowledged are skipped in runs.
    private void AcknowledgeBlock(TimeSpan now, long start, long end, ref Progress progress)
    {
        for (long tsn = start; tsn <= end; tsn = Math.Max(tsn, this[tsn].AcknowledgedThrough) + 1)
        {
            Acknowledge(now, tsn, ref progress);
        }

        if (this[start].State == ChunkState.Acknowledged)
        {
            this[start].AcknowledgedThrough = Math.Max(end, this[start].AcknowledgedThrough);
        }
    }

    private void Acknowledge(TimeSpan now, long tsn, ref Progress progress)
    {
        ref OutstandingChunk chunk = ref this[tsn];
        switch (chunk.State)
        {
            case ChunkState.Acknowledged:
            case ChunkState.Abandoned:
                return;
            case ChunkState.InFlight:
                RemoveFromFlight(ref chunk);
                break;
            case ChunkState.Lost:
                _lostCount--;
                break;
            default:
                break;
        }

        _lossDetector.OnAcknowledged(now, chunk);
        progress.Bytes += chunk.Length;
        if (chunk.SendOrder > progress.NewestSendOrder)
        {
            (progress.NewestSendOrder, progress.NewestSentAt) = (chunk.SendOrder, chunk.SentAt);
            progress.RoundTrip = chunk.Transmissions == 1 ? now - chunk.SentAt : progress.RoundTrip; // Karn's rule
        }

        chunk.State = ChunkState.Acknowledged;
        chunk.AcknowledgedThrough = tsn;
        Finish(chunk.Message);
    }

    private void AddToFlight(TimeSpan now, long tsn)
    {
        ref OutstandingChunk chunk = ref this[tsn];
        (chunk.State, chunk.SentAt, chunk.SendOrder) = (ChunkState.InFlight, now, ++_sendOrder);
        (chunk.Earlier, chunk.Later) = (_latest, None);
        if (_latest == None)
        {
            _earliest = tsn;
        }
        else
        {
            this[_latest].Later = tsn;
        }

        _latest = tsn;
        FlightSize += chunk.Length;
    }

    private void RemoveFromFlight(ref OutstandingChunk chunk)
    {
        FlightSize -= chunk.Length;
        if (chunk.Earlier == None)
        {
            _earliest = chunk.Later;
        }
        else
        {
            this[chunk.Earlier].Later = chunk.Later;
        }

        if (chunk.Later == None)
        {
            _latest = chunk.Earlier;
        }
        else
        {
            this[chunk.Later].Earlier = chunk.Earlier;
        }
    }

    // An abandoned chunk keeps its message until here: FORWARD-TSN names its stream and number.
    private void Remove(long tsn)
    {
        ref OutstandingChunk chunk = ref this[tsn];
        if (chunk.State == ChunkState.Abandoned)
        {
            Finish(chunk.Message);
        }

        chunk.Message = null!;
    }

    // A chunk is finished: its message is done with when all of its chunks are.
    private void Finish(OutboundMessage message)
    {
        if (--message.Outstanding == 0 && (message.IsFullySent || message.IsAbandoned))
        {
            sendQueue.Recycle(message);
        }
    }

    private void MarkLost(long tsn)
    {
        ref OutstandingChunk chunk = ref this[tsn];
        if (canAbandon && chunk.Message.MaxRetransmits < chunk.Transmissions)
        {
            Abandon(chunk.Message);
            return;
        }

        RemoveFromFlight(ref chunk);
        chunk.State = ChunkState.Lost;
        _lostCount++;
        _firstLost = Math.Min(_firstLost, tsn);
    }

    // RFC 3758 section 3.5, rule A3: all fragments of the message, sent or not. The caller advances the peer's ack point afterwards.
    private void Abandon(OutboundMessage message)
    {
        message.IsAbandoned = true;
        sendQueue.Discard(message);
        for (long tsn = Math.Max(CumulativeTsnAck + 1, message.Tsns.First); tsn <= message.Tsns.Last; tsn++)
        {
            ref OutstandingChunk chunk = ref this[tsn];
            if (chunk.Message != message || chunk.State is ChunkState.Acknowledged or ChunkState.Abandoned)
            {
                continue;
            }

            if (chunk.State == ChunkState.InFlight)
            {
                RemoveFromFlight(ref chunk);
            }
            else
            {
                _lostCount--;
            }

            chunk.State = ChunkState.Abandoned;
        }

        if (!message.IsFullySent)
        {
            // The peer may have everything that was sent, and would wait for the rest: a TSN that stands for it is skipped.
            long tsn = Add(TimeSpan.Zero, message, message.Sent, 0, 0, 0);
            RemoveFromFlight(ref this[tsn]);
            this[tsn].State = ChunkState.Abandoned;
            message.Sent = message.Length;
        }
    }

    private void AdvancePeerAckPoint()
    {
        long point = Math.Max(AdvancedPeerAckPoint, CumulativeTsnAck);
        long lastAbandoned = Math.Min(point, AdvancedPeerAckPoint);
        for (long tsn = point + 1; tsn < NextTsn && this[tsn].State is ChunkState.Abandoned or ChunkState.Acknowledged; tsn++)
        {
            // A fragment that has arrived is skipped with its message.
            lastAbandoned = this[tsn].State == ChunkState.Abandoned || this[tsn].Message.IsAbandoned ? tsn : lastAbandoned;
        }

        AdvancedPeerAckPoint = Math.Max(lastAbandoned, CumulativeTsnAck);
    }

    private void Grow()
    {
        var larger = new OutstandingChunk[BitOperations.RoundUpToPowerOf2((uint)_ring.Length + 1)];
        for (long tsn = CumulativeTsnAck + 1; tsn < NextTsn; tsn++)
        {
            larger[tsn & (larger.Length - 1)] = this[tsn];
        }

        _ring = larger;
    }

    private struct Progress
    {
        public int Bytes;
        public long NewestSendOrder;
        public TimeSpan NewestSentAt;
        public TimeSpan? RoundTrip;
    }
}
