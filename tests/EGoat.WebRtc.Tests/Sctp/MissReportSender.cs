using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Tx;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>
/// A sender as RFC 9260 describes it and libwebrtc and usrsctp build it: a chunk is retransmitted when three SACKs have reported it
/// missing (section 7.2.4), once; what is lost after that waits for T3. It always has something to send.
/// </summary>
internal sealed class MissReportSender : ISimulatedNode
{
    private const int PayloadLength = 1100;
    private const int MissReportsBeforeRetransmission = 3;
    private const uint Tag = 0x1234_5678;
    private const uint InitialTsn = 1;

    private readonly TransportAddress _local;
    private readonly TransportAddress _remote;
    private readonly bool _wantsImmediateSacks;
    private readonly Rfc9260CongestionControl _congestion = new(PayloadLength);
    private readonly RetransmissionTimeout _timeout = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(3));

    /// <summary>What is not acknowledged cumulatively, by TSN.</summary>
    private readonly Queue<Chunk> _outstanding = new();
    private readonly Queue<byte[]> _packets = new();

    /// <summary>INIT or COOKIE ECHO, which T1 sends again.</summary>
    private byte[] _handshakePacket = [];
    private uint _peerTag;
    private long _cumulativeTsnAck = InitialTsn - 1;
    private long _nextTsn = InitialTsn;
    private long _flightSize;
    private long _recoveryExit = long.MinValue;
    private bool _isFastRetransmissionDue;
    private TimeSpan? _timer;
    private bool _isEstablished;

    public MissReportSender(SimulatedNetwork network, TransportAddress local, TransportAddress remote, bool wantsImmediateSacks)
    {
        (_local, _remote, _wantsImmediateSacks) = (local, remote, wantsImmediateSacks);
        network.Attach(this, local);
        SendInit(network.Now);
    }

    /// <summary>How often T3 has expired: nothing was retransmitted in time.</summary>
    public int Timeouts { get; private set; }

    public TimeSpan? NextTimeout => _timer;

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        var chunks = new TlvReader(datagram[SctpPacket.HeaderLength..]);
        while (chunks.TryReadChunk(out ChunkType type, out _, out ReadOnlySpan<byte> value))
        {
            switch (type)
            {
                case ChunkType.InitAck when _peerTag == 0 && InitChunk.TryParse(value, out InitChunk initAck):
                    _peerTag = initAck.InitiateTag;
                    SendHandshake(now, PacketTap.Create(_peerTag, ChunkType.CookieEcho, 0, initAck.Cookie));
                    break;
                case ChunkType.CookieAck:
                    _timer = _isEstablished ? _timer : null;
                    _isEstablished = true;
                    break;
                case ChunkType.Sack when SackChunk.TryParse(value, out SackChunk sack):
                    HandleSack(now, sack);
                    break;
                case ChunkType.Heartbeat:
                    _packets.Enqueue(PacketTap.Create(_peerTag, ChunkType.HeartbeatAck, 0, value));
                    break;
                default:
                    break;
            }
        }

        SendData(now);
    }

    public void HandleTimeout(TimeSpan now)
    {
        if (!_isEstablished)
        {
            SendHandshake(now, _handshakePacket);
            return;
        }

        Timeouts++;
        _timeout.BackOff();
        _congestion.OnTimeout();
        _recoveryExit = long.MinValue;
        foreach (Chunk chunk in _outstanding.Where(c => c is { IsAcknowledged: false, IsLost: false }))
        {
            chunk.IsLost = true;
            _flightSize -= PayloadLength;
        }

        _timer = now + _timeout.Value;
        SendData(now);
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        _packets.TryDequeue(out byte[]? packet);
        packet?.CopyTo(buffer);
        transmit = new Transmit(_local, _remote, packet?.Length ?? 0, packet?.Length ?? 0);
        return packet is not null;
    }

    private void SendInit(TimeSpan now)
    {
        Span<byte> buffer = stackalloc byte[128];
        var writer = new PacketWriter(buffer, 0);
        new InitChunk { InitiateTag = Tag, AdvertisedReceiverWindow = 1 << 20, OutboundStreams = 16, InboundStreams = 16, InitialTsn = InitialTsn }.Write(ref writer, ChunkType.Init);
        SendHandshake(now, PacketTap.Create(0, ChunkType.Init, 0, buffer[TlvReader.HeaderLength..writer.Length]));
    }

    private void SendHandshake(TimeSpan now, byte[] packet)
    {
        _handshakePacket = packet;
        _packets.Enqueue(packet);
        _timer = now + TimeSpan.FromMilliseconds(500);
    }

    // After each packet of the peer, before the next one is looked at: whether the window is full is judged by what is in flight.
    private void SendData(TimeSpan now)
    {
        while (_isEstablished && (_flightSize + PayloadLength <= _congestion.Window || _isFastRetransmissionDue))
        {
            Chunk? chunk = _outstanding.FirstOrDefault(c => c.IsLost);
            _isFastRetransmissionDue = false;
            if (chunk is null)
            {
                chunk = new Chunk { Tsn = _nextTsn++ };
                _outstanding.Enqueue(chunk);
            }

            (chunk.IsLost, chunk.SentAt, chunk.Transmissions) = (false, now, chunk.Transmissions + 1);
            _flightSize += PayloadLength;
            _timer ??= now + _timeout.Value;
            _packets.Enqueue(Write((uint)chunk.Tsn));
        }
    }

    // Each message fits a chunk and is unordered: what the receiver delivers is what has arrived.
    private byte[] Write(uint tsn)
    {
        Span<byte> value = stackalloc byte[DataChunk.HeaderLength - TlvReader.HeaderLength + PayloadLength];
        value.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(value, tsn);
        BinaryPrimitives.WriteUInt32BigEndian(value[8..], 53);
        int flags = DataChunk.BeginFlag | DataChunk.EndFlag | DataChunk.UnorderedFlag | (_wantsImmediateSacks ? DataChunk.ImmediateFlag : 0);
        return PacketTap.Create(_peerTag, ChunkType.Data, (byte)flags, value);
    }

    private void HandleSack(TimeSpan now, in SackChunk sack)
    {
        long cumulative = SerialNumber.Unwrap(sack.CumulativeTsnAck, _cumulativeTsnAck);
        if (cumulative < _cumulativeTsnAck)
        {
            return;
        }

        bool isWindowFull = _flightSize + PayloadLength > _congestion.Window;
        bool hasAdvanced = cumulative > _cumulativeTsnAck;
        bool isRecovering = _cumulativeTsnAck < _recoveryExit;
        _cumulativeTsnAck = cumulative;
        int bytes = 0;
        long highestNew = long.MinValue;
        foreach (Chunk chunk in _outstanding.Where(c => !c.IsAcknowledged).TakeWhile(c => c.Tsn <= cumulative))
        {
            highestNew = Acknowledge(now, chunk, ref bytes);
        }

        while (_outstanding.TryPeek(out Chunk? first) && first.Tsn <= cumulative)
        {
            _outstanding.Dequeue();
        }

        long highestReported = cumulative;
        for (int i = 0; i < sack.GapBlockCount; i++)
        {
            (int start, int end) = sack.GetGapBlock(i);
            highestReported = cumulative + end;
            foreach (Chunk chunk in _outstanding.Where(c => !c.IsAcknowledged && c.Tsn >= cumulative + start).TakeWhile(c => c.Tsn <= cumulative + end))
            {
                highestNew = Acknowledge(now, chunk, ref bytes);
            }
        }

        if (bytes > 0)
        {
            _congestion.OnAcknowledged(now, hasAdvanced ? bytes : 0, null, isWindowFull, isRecovering);
        }

        // HTNA, and in Fast Recovery everything that is reported missing.
        CountMissReports(now, isRecovering && hasAdvanced ? highestReported : highestNew);
        _timer = _outstanding.Count == 0 ? null : hasAdvanced ? now + _timeout.Value : _timer;
    }

    private long Acknowledge(TimeSpan now, Chunk chunk, ref int bytes)
    {
        chunk.IsAcknowledged = true;
        bytes += PayloadLength;
        _flightSize -= chunk.IsLost ? 0 : PayloadLength;
        chunk.IsLost = false;
        if (chunk.Transmissions == 1)
        {
            _timeout.Measure(now - chunk.SentAt);
        }

        return chunk.Tsn;
    }

    private void CountMissReports(TimeSpan now, long below)
    {
        bool hasLost = false;
        foreach (Chunk chunk in _outstanding.TakeWhile(c => c.Tsn < below).Where(c => c is { IsAcknowledged: false, IsLost: false, Transmissions: 1 }))
        {
            if (++chunk.MissReports == MissReportsBeforeRetransmission)
            {
                chunk.IsLost = hasLost = true;
                _flightSize -= PayloadLength;
            }
        }

        if (hasLost)
        {
            _isFastRetransmissionDue = true;
            if (_cumulativeTsnAck >= _recoveryExit)
            {
                _congestion.OnLost(now, PayloadLength);
                _recoveryExit = _nextTsn - 1;
            }
        }
    }

    private sealed class Chunk
    {
        public long Tsn { get; init; }

        public TimeSpan SentAt { get; set; }

        public int Transmissions { get; set; }

        public int MissReports { get; set; }

        public bool IsAcknowledged { get; set; }

        public bool IsLost { get; set; }
    }
}
