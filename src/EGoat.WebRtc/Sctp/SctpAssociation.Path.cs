using System.Buffers.Binary;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Sctp;

// Whether the path works (heartbeats, RFC 9260 section 8.3) and how long packets on it may be (RFC 8899 section 6.2).
internal sealed partial class SctpAssociation
{
    private const int HeartbeatInfoLength = sizeof(ulong);

    /// <summary>What the answer to the last heartbeat, or probe, must repeat; 0 when none is awaited.</summary>
    private ulong _heartbeatNonce;
    private TimeSpan _heartbeatSentAt;
    private ulong _mtuProbeNonce;

    /// <summary>Packets take another path from now on.</summary>
    public void ResetPath()
    {
        _pathMtu.Reset();
        _mtuProbeNonce = 0;
    }

    /// <summary>Writes a packet that finds out whether the path carries as long a one; it is longer than <see cref="MaxPacketSize"/>. Poll it before other packets.</summary>
    /// <param name="now">The present time.</param>
    /// <param name="buffer">A probe that does not fit is not sent.</param>
    /// <param name="length">How many bytes were written.</param>
    public bool TryPollProbe(TimeSpan now, Span<byte> buffer, out int length)
    {
        length = _pathMtu.ProbedSize;
        if (!_pathMtu.IsProbeDue || length > buffer.Length || State != SctpState.Established || _transfer is not { } transfer || !transfer.Capabilities.HasFlag(Capabilities.Padding))
        {
            return false;
        }

        var writer = new PacketWriter(buffer[..length], SctpPacket.HeaderLength);
        Span<byte> info = stackalloc byte[TlvReader.HeaderLength + HeartbeatInfoLength];
        _mtuProbeNonce = WriteHeartbeatInfo(info);
        writer.BeginChunk(ChunkType.Heartbeat);
        writer.WriteBytes(info);
        writer.EndChunk();
        writer.BeginChunk(ChunkType.Pad);
        writer.WriteZeros(length - writer.Length);
        writer.EndChunk();
        FinishPacket(transfer, buffer[..length]);
        _pathMtu.OnProbeSent(now + _timeout.Value);
        return true;
    }

    private void SendHeartbeat(TimeSpan now)
    {
        _heartbeatTimer = now + _options.HeartbeatInterval;
        if (_heartbeatNonce != 0)
        {
            _trace?.IfOn?.Write(TraceCategory.Sctp, "no answer to the last heartbeat");
        }

        if (State != SctpState.Established || (_heartbeatNonce != 0 && !CountError()))
        {
            return;
        }

        Span<byte> info = stackalloc byte[TlvReader.HeaderLength + HeartbeatInfoLength];
        _heartbeatNonce = WriteHeartbeatInfo(info);
        _heartbeatSentAt = now;
        QueueControl(_peerTag, ChunkType.Heartbeat, 0, info);
    }

    // RFC 9260 section 8.3. One that no packet can repeat is dropped, as is one that comes before the peer's tag is known.
    private void HandleHeartbeat(ReadOnlySpan<byte> value)
    {
        if (_transfer is null || value.Length > MaxPacketSize - SctpPacket.HeaderLength - TlvReader.HeaderLength)
        {
            DroppedPackets++;
            return;
        }

        QueueControl(_peerTag, ChunkType.HeartbeatAck, 0, value);
    }

    private void HandleHeartbeatAck(TimeSpan now, ReadOnlySpan<byte> value)
    {
        ulong nonce = value.Length == TlvReader.HeaderLength + HeartbeatInfoLength ? BinaryPrimitives.ReadUInt64BigEndian(value[4..]) : 0;
        if (nonce == 0 || (nonce != _heartbeatNonce && nonce != _mtuProbeNonce))
        {
            return;
        }

        if (nonce == _mtuProbeNonce)
        {
            _mtuProbeNonce = 0;
            _pathMtu.OnProbeAcknowledged(now);
            _trace?.IfOn?.Write(TraceCategory.Sctp, $"the path carries packets of {MaxPacketSize} bytes");
            return;
        }

        _heartbeatNonce = 0;
        _errorCount = 0;
        _timeout.Measure(now - _heartbeatSentAt);
    }

    private ulong WriteHeartbeatInfo(Span<byte> info)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        _entropy.Fill(bytes);
        ulong nonce = BinaryPrimitives.ReadUInt64BigEndian(bytes) | 1;
        var writer = new PacketWriter(info, 0);
        writer.WriteUInt16((int)ParameterType.HeartbeatInfo);
        writer.WriteUInt16(info.Length);
        BinaryPrimitives.WriteUInt64BigEndian(info[4..], nonce);
        return nonce;
    }
}
