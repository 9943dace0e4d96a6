namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>
/// Messages that wait to be sent, by stream, and which stream is next: each gets a share in proportion to its priority
/// (RFC 8831 section 6.4, RFC 8260 section 3.6), equals take turns. The turn changes at the border of a message
/// (RFC 9260 section 6.9: the TSNs of its fragments are consecutive) or, interleaved, of a fragment.
/// </summary>
/// <remarks>
/// <para>Start-time fair queueing: a stream's virtual time advances by the bytes that it sends over its priority, and the
/// stream that is furthest behind is next. One that was idle begins at the present virtual time: it has saved nothing up.</para>
/// <para>Knows nothing of TSNs, windows or real time.</para>
/// </remarks>
/// <param name="onBufferedAmount">Told the stream and its buffered amount before and after, when that has fallen.</param>
internal sealed class SendQueue(Action<ushort, long, long>? onBufferedAmount = null)
{
    /// <summary>The priority of a stream that was given none: "normal" (RFC 8831 section 6.4).</summary>
    public const ushort DefaultPriority = 256;

    private readonly Dictionary<ushort, OutboundStream> _streams = [];

    /// <summary>Streams that had something to send when they were put in; those that have nothing any more are dropped when they come up.</summary>
    private readonly PriorityQueue<OutboundStream, (double VirtualTime, long Sequence)> _ready = new();
    private readonly Stack<OutboundMessage> _free = new();

    /// <summary>The stream whose turn it is; not in <see cref="_ready"/>.</summary>
    private OutboundStream? _current;
    private double _virtualTime;
    private long _sequence;
    private int _count;

    public bool IsInterleaved { get; set; }

    /// <summary>Whether nothing waits, not even on a stream that is held back.</summary>
    public bool IsEmpty => _count == 0;

    public OutboundMessage Enqueue(ushort streamId, uint payloadProtocolId, in SctpPayload payload, bool isUnordered, TimeSpan? expires, int? maxRetransmits, bool isCounted = true)
    {
        OutboundStream stream = GetStream(streamId);
        OutboundMessage message = _free.TryPop(out OutboundMessage? free) ? free : new OutboundMessage();
        message.Begin(streamId, payloadProtocolId, payload, isUnordered, expires, maxRetransmits, isCounted);
        stream.Messages.Enqueue(message);
        stream.BufferedAmount += isCounted ? payload.Length : 0;
        _count++;
        MakeReady(stream);
        return message;
    }

    /// <summary>The stream's weight against others, from its next turn on. 0 counts as 1.</summary>
    public void SetPriority(ushort streamId, ushort priority) => GetStream(streamId).Priority = Math.Max(priority, (ushort)1);

    public long GetBufferedAmount(ushort streamId) => _streams.TryGetValue(streamId, out OutboundStream? stream) ? stream.BufferedAmount : 0;

    /// <summary>Whether messages of a stream wait, or one of them is half sent.</summary>
    public bool HasQueued(ushort streamId) => _streams.TryGetValue(streamId, out OutboundStream? stream) && stream.Messages.Count > 0;

    /// <summary>The message that the next fragment is taken from; null when there is none, or only of streams that are held back.</summary>
    public OutboundMessage? Peek()
    {
        if (_current is not null)
        {
            return _current.Messages.Peek();
        }

        while (_ready.TryPeek(out OutboundStream? stream, out _))
        {
            if (stream.CanSend)
            {
                return stream.Messages.Peek();
            }

            _ready.Dequeue();
            stream.IsReady = false;
        }

        return null;
    }

    /// <summary>Numbers the message that <see cref="Peek"/> returned when its first fragment is taken.</summary>
    public void AssignNumber(OutboundMessage message)
    {
        OutboundStream stream = GetStream(message.StreamId);
        if (IsInterleaved && message.IsUnordered)
        {
            message.MessageNumber = stream.NextUnorderedNumber++;
        }
        else if (!message.IsUnordered)
        {
            message.MessageNumber = stream.NextNumber++;
        }
    }

    /// <summary>A fragment of the message that <see cref="Peek"/> returned was taken: gives the turn on where that may be.</summary>
    public void Advance(OutboundMessage message, int length)
    {
        OutboundStream stream = _current ?? _ready.Dequeue();
        if (_current is null)
        {
            stream.IsReady = false;
            _virtualTime = stream.VirtualTime;
            _current = stream;
        }

        message.Sent += length;
        stream.VirtualTime += (double)length / stream.Priority;
        if (message.IsFullySent)
        {
            stream.Messages.Dequeue();
            _count--;
        }

        if (message.IsFullySent || IsInterleaved)
        {
            EndTurn();
        }

        ReduceBufferedAmount(message, stream, length);
    }

    /// <summary>Drops the unsent rest of a message that was given up, or the whole of it.</summary>
    public void Discard(OutboundMessage message)
    {
        OutboundStream stream = GetStream(message.StreamId);
        if (!stream.Messages.TryPeek(out OutboundMessage? first) || first != message)
        {
            return;
        }

        stream.Messages.Dequeue();
        _count--;
        if (stream == _current)
        {
            EndTurn();
        }

        ReduceBufferedAmount(message, stream, message.Length - message.Sent);
    }

    /// <summary>The message is done with: its buffer goes back to the pool, and what was lent to its owner.</summary>
    public void Recycle(OutboundMessage message)
    {
        message.End();
        _free.Push(message);
    }

    /// <summary>Streams are being reset: what is queued on them waits for the peer's answer (RFC 6525 section 5.1.2).</summary>
    public void Hold(ReadOnlySpan<ushort> streamIds)
    {
        foreach (ushort id in streamIds)
        {
            GetStream(id).IsHeld = true;
        }
    }

    /// <summary>The answer has come: numbers start at 0 again if the streams were reset.</summary>
    public void Release(ReadOnlySpan<ushort> streamIds, bool isReset)
    {
        foreach (ushort id in streamIds)
        {
            OutboundStream stream = GetStream(id);
            stream.IsHeld = false;
            if (isReset)
            {
                stream.NextNumber = 0;
                stream.NextUnorderedNumber = 0;
            }

            MakeReady(stream);
        }
    }

    private OutboundStream GetStream(ushort id)
    {
        if (!_streams.TryGetValue(id, out OutboundStream? stream))
        {
            stream = _streams[id] = new OutboundStream();
        }

        return stream;
    }

    private void MakeReady(OutboundStream stream)
    {
        if (stream.CanSend && !stream.IsReady && stream != _current)
        {
            stream.IsReady = true;
            stream.VirtualTime = Math.Max(stream.VirtualTime, _virtualTime);
            _ready.Enqueue(stream, (stream.VirtualTime, _sequence++));
        }
    }

    private void EndTurn()
    {
        OutboundStream stream = _current!;
        _current = null;
        MakeReady(stream);
    }

    private void ReduceBufferedAmount(OutboundMessage message, OutboundStream stream, int length)
    {
        if (message.IsCounted)
        {
            stream.BufferedAmount -= length;
            onBufferedAmount?.Invoke(message.StreamId, stream.BufferedAmount + length, stream.BufferedAmount);
        }
    }

    private sealed class OutboundStream
    {
        public Queue<OutboundMessage> Messages { get; } = new();

        public long BufferedAmount { get; set; }

        public ushort Priority { get; set; } = DefaultPriority;

        /// <summary>Bytes over priority that it has sent, as of the start of its next turn.</summary>
        public double VirtualTime { get; set; }

        /// <summary>Whether it is among the ready ones.</summary>
        public bool IsReady { get; set; }

        public bool IsHeld { get; set; }

        public uint NextNumber { get; set; }

        public uint NextUnorderedNumber { get; set; }

        public bool CanSend => Messages.Count > 0 && !IsHeld;
    }
}
