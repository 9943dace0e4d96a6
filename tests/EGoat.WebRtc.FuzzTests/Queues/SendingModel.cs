using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Rx;
using EGoat.WebRtc.Sctp.Tx;

namespace EGoat.WebRtc.FuzzTests.Queues;

/// <summary>Naive knowledge of what was queued, sent and received, kept beside the queues.</summary>
internal sealed class SendingModel
{
    private readonly SendQueue _queue;
    private readonly RetransmissionQueue _outstanding;
    private readonly ReceivedTsns _received;
    private readonly Dictionary<ushort, long> _buffered = [];
    private readonly List<long> _onTheWay = [];
    private readonly Dictionary<long, (ushort Stream, uint Number, bool IsBegin, bool IsUnordered)> _sent = [];
    private readonly List<OutboundMessage> _partial = [];
    private readonly bool _isInterleaved;
    private long _arrived;
    private TimeSpan _now = TimeSpan.FromSeconds(1);

    public SendingModel(long initialTsn, bool isInterleaved)
    {
        _isInterleaved = isInterleaved;
        _queue = new SendQueue { IsInterleaved = isInterleaved };
        _outstanding = new RetransmissionQueue(initialTsn, _queue, canAbandon: true);
        _received = new ReceivedTsns(initialTsn);
    }

    public void Enqueue(ushort stream, int length, bool isUnordered, int? maxRetransmits)
    {
        _queue.Enqueue(stream, 51, new byte[length], isUnordered, null, maxRetransmits);
        _buffered[stream] = _buffered.GetValueOrDefault(stream) + length;
    }

    public void SendFragment(int maxLength)
    {
        if (_queue.Peek() is not { } message)
        {
            return;
        }

        bool isBegin = message.Sent == 0;
        if (isBegin)
        {
            _queue.AssignNumber(message);
        }

        // RFC 9260 section 6.9: without interleaving the fragments of a message follow one another.
        Assert.True(_isInterleaved || _partial.Count == 0 || _partial[0] == message, "A message was interrupted.");
        int length = Math.Min(maxLength, message.Length - message.Sent);
        long tsn = _outstanding.Add(_now, message, message.Sent, length, 0, message.NextFragmentNumber++);
        Assert.True(_sent.TryAdd(tsn, (message.StreamId, message.MessageNumber, isBegin, message.IsUnordered)), "A TSN was used twice.");
        _onTheWay.Add(tsn);
        _buffered[message.StreamId] -= length;
        _queue.Advance(message, length);
        Assert.Equal(_buffered[message.StreamId], _queue.GetBufferedAmount(message.StreamId));
        _partial.Remove(message);
        if (!message.IsFullySent)
        {
            _partial.Add(message);
        }
    }

    public void Arrive(int number)
    {
        if (_onTheWay.Count == 0)
        {
            return;
        }

        long tsn = _onTheWay[number % _onTheWay.Count];
        _onTheWay.Remove(tsn);
        if (_received.Contains(tsn))
        {
            _received.AddDuplicate(tsn);
            return;
        }

        _received.Add(tsn);
        _arrived++;
    }

    public void Lose(int number)
    {
        if (_onTheWay.Count > 0)
        {
            _onTheWay.RemoveAt(number % _onTheWay.Count);
        }
    }

    public void Acknowledge()
    {
        _now += TimeSpan.FromMilliseconds(10);
        var buffer = new byte[400];
        var writer = new PacketWriter(buffer, 0);
        _received.WriteSack(ref writer, 1000);
        var reader = new TlvReader(buffer.AsSpan(0, writer.Length));
        Assert.True(reader.TryReadChunk(out _, out _, out ReadOnlySpan<byte> value));
        Assert.True(SackChunk.TryParse(value, out SackChunk sack));
        long before = _outstanding.CumulativeTsnAck;
        SackResult result = _outstanding.HandleSack(_now, sack);
        Assert.True(result.IsValid, "A true SACK was refused.");
        Assert.Equal(_outstanding.CumulativeTsnAck > before, result.HasAdvanced);
        Assert.Equal(_received.CumulativeTsn, _outstanding.CumulativeTsnAck);
        Assert.False(_outstanding.HandleSack(_now, sack).AcknowledgedBytes > 0, "The same SACK acknowledged bytes twice.");
        SkipAtReceiver();
        ForgetGivenUp();
    }

    public void Retransmit()
    {
        if (_outstanding.TryPeekLost(out long tsn))
        {
            for (long lower = _outstanding.CumulativeTsnAck + 1; lower < tsn; lower++)
            {
                Assert.NotEqual(ChunkState.Lost, _outstanding[lower].State);
            }

            _outstanding.MarkRetransmitted(_now, tsn);
            _onTheWay.Add(tsn);
        }
    }

    public void Expire(int number)
    {
        if (number % 4 == 0)
        {
            _outstanding.MarkAllLost();
            ForgetGivenUp();
        }
    }

    /// <summary>Counters are what counting gives.</summary>
    public void Check()
    {
        long flight = 0;
        bool hasLost = false;
        for (long tsn = _outstanding.CumulativeTsnAck + 1; tsn < _outstanding.NextTsn; tsn++)
        {
            OutstandingChunk chunk = _outstanding[tsn];
            flight += chunk.State == ChunkState.InFlight ? chunk.Length : 0;
            hasLost |= chunk.State == ChunkState.Lost;
        }

        Assert.Equal((flight, hasLost), (_outstanding.FlightSize, _outstanding.HasLost));
        foreach ((ushort stream, long buffered) in _buffered)
        {
            Assert.Equal(buffered, _queue.GetBufferedAmount(stream));
        }
    }

    /// <summary>The network heals: everything is sent, arrives, and is acknowledged.</summary>
    public void Finish()
    {
        for (int i = 0; i < 10_000 && (_queue.Peek() is not null || !_outstanding.IsEmpty); i++)
        {
            SendFragment(100);
            Retransmit();
            while (_onTheWay.Count > 0)
            {
                Arrive(0);
            }

            Acknowledge();
            if (_queue.Peek() is null && !_outstanding.HasLost)
            {
                _outstanding.MarkAllLost();
                ForgetGivenUp();
            }

            Check();
        }

        Assert.True(_queue.IsEmpty && _outstanding.IsEmpty && _outstanding.FlightSize == 0, "Something was never sent.");
        Assert.Equal(_sent.Count, _arrived);
        foreach (var stream in _sent.OrderBy(s => s.Key).Where(s => s.Value.IsBegin && !s.Value.IsUnordered).GroupBy(s => s.Value.Stream))
        {
            Assert.Equal(Enumerable.Range(0, stream.Count()).Select(n => (uint)n), stream.Select(s => s.Value.Number));
        }
    }

    // What FORWARD-TSN does at the other end.
    private void SkipAtReceiver()
    {
        long point = _outstanding.AdvancedPeerAckPoint;
        for (long tsn = _received.CumulativeTsn + 1; tsn <= point; tsn++)
        {
            _arrived += !_received.Contains(tsn) && _sent.ContainsKey(tsn) ? 1 : 0;
        }

        _received.SkipTo(point);
    }

    // The rest of a message that was given up is neither queued nor sent.
    private void ForgetGivenUp()
    {
        foreach (OutboundMessage message in _partial.Where(m => m.IsAbandoned).ToArray())
        {
            _partial.Remove(message);
        }

        foreach (ushort stream in _buffered.Keys)
        {
            long now = _queue.GetBufferedAmount(stream);
            Assert.True(now <= _buffered[stream], "Giving up made the queue longer.");
            _buffered[stream] = now;
        }
    }
}
