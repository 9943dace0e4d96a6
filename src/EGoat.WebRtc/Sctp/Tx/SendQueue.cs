namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>
/// Messages that wait to be sent, by stream, and which stream is next: one after another, changing at the border of a
/// message (RFC 9260 section 6.9: the TSNs of its fragments are consecutive) or, interleaved, of a fragment (RFC 8260 section 3.2).
/// </summary>
/// <remarks>Knows nothing of TSNs, windows or time.</remarks>
internal sealed class SendQueue
{
    private readonly Dictionary<ushort, OutboundStream> _streams = [];

    /// <summary>Streams that have something to send, in turn.</summary>
    private readonly LinkedList<OutboundStream> _ready = new();
    private readonly Stack<OutboundMessage> _free = new();

    public bool IsInterleaved { get; set; }

    public bool IsEmpty => _ready.First is null;

    public OutboundMessage Enqueue(ushort streamId, uint payloadProtocolId, ReadOnlySpan<byte> payload, bool isUnordered, TimeSpan? expires, int? maxRetransmits)
    {
        OutboundStream stream = GetStream(streamId);
        OutboundMessage message = _free.TryPop(out OutboundMessage? free) ? free : new OutboundMessage();
        message.Begin(streamId, payloadProtocolId, payload, isUnordered, expires, maxRetransmits);
        stream.Messages.Enqueue(message);
        stream.BufferedAmount += payload.Length;
        MakeReady(stream);
        return message;
    }

    public long GetBufferedAmount(ushort streamId) => _streams.TryGetValue(streamId, out OutboundStream? stream) ? stream.BufferedAmount : 0;

    /// <summary>Whether messages of a stream wait, or one of them is half sent.</summary>
    public bool HasQueued(ushort streamId) => _streams.TryGetValue(streamId, out OutboundStream? stream) && stream.Messages.Count > 0;

    /// <summary>The message that the next fragment is taken from; null when there is none, or only of streams that are held back.</summary>
    public OutboundMessage? Peek() => _ready.First?.Value.Messages.Peek();

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

    /// <summary>A fragment of the message that <see cref="Peek"/> returned was taken: gives the turn on. Returns the buffered amount left.</summary>
    public long Advance(OutboundMessage message, int length)
    {
        LinkedListNode<OutboundStream> node = _ready.First!;
        OutboundStream stream = node.Value;
        message.Sent += length;
        stream.BufferedAmount -= length;
        if (message.IsFullySent)
        {
            stream.Messages.Dequeue();
        }

        if (message.IsFullySent || IsInterleaved)
        {
            _ready.Remove(node);
            if (stream.Messages.Count > 0)
            {
                _ready.AddLast(node);
            }
        }

        return stream.BufferedAmount;
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
        stream.BufferedAmount -= message.Length - message.Sent;
        if (stream.Messages.Count == 0 && stream.Node.List is not null)
        {
            _ready.Remove(stream.Node);
        }
    }

    /// <summary>The message is done with: its buffer goes back to the pool.</summary>
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
        if (stream.Node.List is null && stream.Messages.Count > 0 && !stream.IsHeld)
        {
            _ready.AddLast(stream.Node);
        }
    }

    private sealed class OutboundStream
    {
        public OutboundStream() => Node = new LinkedListNode<OutboundStream>(this);

        public Queue<OutboundMessage> Messages { get; } = new();

        public long BufferedAmount { get; set; }

        public bool IsHeld { get; set; }

        public uint NextNumber { get; set; }

        public uint NextUnorderedNumber { get; set; }

        /// <summary>Its place among the ready ones; in no list when nothing waits.</summary>
        public LinkedListNode<OutboundStream> Node { get; }
    }
}
