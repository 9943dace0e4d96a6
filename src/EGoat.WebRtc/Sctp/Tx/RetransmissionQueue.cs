using System.Numerics;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>Everything sent and not yet acknowledged cumulatively, in a ring indexed by TSN; finds what is lost (RFC 9260 sections 6.2.1 and 7.2.4).</summary>
/// <remarks>
/// A chunk is lost when three SACKs acknowledge something that was <em>sent</em> later than the chunk was sent last. RFC
/// 9260 compares TSNs and retransmits each chunk fast once; send order lets a lost retransmission be found the same way.
/// Messages are given up only where the peer can be told to skip them. Knows nothing of windows, timers or the wire.
/// </remarks>
internal sealed class RetransmissionQueue(long initialTsn, SendQueue sendQueue, bool canAbandon)
{
    private const int MissThreshold = 3;

    private OutstandingChunk[] _ring = new OutstandingChunk[64];
    private long _sendOrder;

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
            SentAt = now,
            SendOrder = ++_sendOrder,
        };
        message.Outstanding++;
        FlightSize += length;
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
        chunk.State = ChunkState.InFlight;
        chunk.MissIndications = 0;
        chunk.Transmissions++;
        chunk.SentAt = now;
        chunk.SendOrder = ++_sendOrder;
        FlightSize += chunk.Length;
        _lostCount--;
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
            Acknowledge(tsn, ref progress);
            Remove(tsn);
        }

        CumulativeTsnAck = cumulative;
        long highest = cumulative;
        for (int i = 0; i < sack.GapBlockCount; i++)
        {
            (int start, int end) = sack.GetGapBlock(i);
            for (long tsn = cumulative + start; tsn <= cumulative + end; tsn++)
            {
                Acknowledge(tsn, ref progress);
            }

            highest = Math.Max(highest, cumulative + end);
        }

        AdvancePeerAckPoint();
        bool hasLoss = progress.NewestSendOrder > 0 && CountMisses(highest, progress.NewestSendOrder);
        TimeSpan? roundTrip = progress.SentAt is { } sentAt ? now - sentAt : null;
        return new SackResult(true, hasAdvanced, progress.Bytes, roundTrip, hasLoss);
    }

    /// <summary>T3 has expired: everything in flight counts as lost (RFC 9260 section 6.3.3).</summary>
    public void MarkAllLost()
    {
        for (long tsn = CumulativeTsnAck + 1; tsn < NextTsn; tsn++)
        {
            if (this[tsn].State == ChunkState.InFlight)
            {
                MarkLost(tsn);
            }
        }
    }

    /// <summary>Gives up messages whose lifetime is over.</summary>
    public void AbandonExpired(TimeSpan now)
    {
        if (!canAbandon)
        {
            return;
        }

        for (long tsn = CumulativeTsnAck + 1; tsn < NextTsn; tsn++)
        {
            OutstandingChunk chunk = this[tsn];
            if (chunk.State is ChunkState.InFlight or ChunkState.Lost && chunk.Message.Expires <= now)
            {
                Abandon(chunk.Message);
            }
        }
    }

    private static bool AreValid(in SackChunk sack, long cumulative, long nextTsn)
    {
        for (int i = 0; i < sack.GapBlockCount; i++)
        {
            (int start, int end) = sack.GetGapBlock(i);
            if (start == 0 || end < start || cumulative + end >= nextTsn)
            {
                return false;
            }
        }

        return true;
    }

    private bool AreValid(in SackChunk sack, long cumulative) => AreValid(sack, cumulative, NextTsn);

    private void Acknowledge(long tsn, ref Progress progress)
    {
        ref OutstandingChunk chunk = ref this[tsn];
        switch (chunk.State)
        {
            case ChunkState.Acknowledged:
            case ChunkState.Abandoned:
                return;
            case ChunkState.InFlight:
                FlightSize -= chunk.Length;
                break;
            case ChunkState.Lost:
                _lostCount--;
                break;
            default:
                break;
        }

        progress.Bytes += chunk.Length;
        progress.NewestSendOrder = Math.Max(progress.NewestSendOrder, chunk.SendOrder);
        if (chunk.Transmissions == 1 && !(progress.SentAt > chunk.SentAt))
        {
            progress.SentAt = chunk.SentAt;
        }

        chunk.State = ChunkState.Acknowledged;
        Finish(chunk.Message);
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

    private bool CountMisses(long highest, long newestSendOrder)
    {
        bool hasLoss = false;
        for (long tsn = CumulativeTsnAck + 1; tsn <= highest; tsn++)
        {
            ref OutstandingChunk chunk = ref this[tsn];
            if (chunk.State == ChunkState.InFlight && chunk.SendOrder < newestSendOrder && ++chunk.MissIndications >= MissThreshold)
            {
                MarkLost(tsn);
                hasLoss = true;
            }
        }

        return hasLoss;
    }

    private void MarkLost(long tsn)
    {
        ref OutstandingChunk chunk = ref this[tsn];
        if (canAbandon && chunk.Message.MaxRetransmits < chunk.Transmissions)
        {
            Abandon(chunk.Message);
            return;
        }

        chunk.State = ChunkState.Lost;
        chunk.MissIndications = 0;
        FlightSize -= chunk.Length;
        _lostCount++;
        _firstLost = Math.Min(_firstLost, tsn);
    }

    // RFC 3758 section 3.5, rule A3: all fragments of the message, sent or not.
    private void Abandon(OutboundMessage message)
    {
        message.IsAbandoned = true;
        sendQueue.Discard(message);
        for (long tsn = CumulativeTsnAck + 1; tsn < NextTsn; tsn++)
        {
            ref OutstandingChunk chunk = ref this[tsn];
            if (chunk.Message != message || chunk.State is ChunkState.Acknowledged or ChunkState.Abandoned)
            {
                continue;
            }

            if (chunk.State == ChunkState.InFlight)
            {
                FlightSize -= chunk.Length;
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
            this[tsn].State = ChunkState.Abandoned;
            message.Sent = message.Length;
        }

        AdvancePeerAckPoint();
    }

    private void AdvancePeerAckPoint()
    {
        long point = Math.Max(AdvancedPeerAckPoint, CumulativeTsnAck);
        long lastAbandoned = Math.Min(point, AdvancedPeerAckPoint);
        for (long tsn = point + 1; tsn < NextTsn && this[tsn].State is ChunkState.Abandoned or ChunkState.Acknowledged; tsn++)
        {
            lastAbandoned = this[tsn].State == ChunkState.Abandoned ? tsn : lastAbandoned;
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
        public TimeSpan? SentAt;
    }
}
