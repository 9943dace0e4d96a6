using System.Buffers.Binary;

namespace EGoat.WebRtc.Sctp.Packet;

/// <summary>Writes chunks behind one another into a buffer; a chunk is begun, appended to, and ended.</summary>
internal ref struct PacketWriter(Span<byte> buffer, int start)
{
    private readonly Span<byte> _buffer = buffer;
    private int _chunk;

    /// <summary>Bytes written so far, from the start of the buffer.</summary>
    public int Length { get; private set; } = start;

    public readonly int Free => _buffer.Length - Length;

    public void BeginChunk(ChunkType type, byte flags = 0)
    {
        _chunk = Length;
        _buffer[Length] = (byte)type;
        _buffer[Length + 1] = flags;
        Length += TlvReader.HeaderLength;
    }

    public readonly void EndChunk(out int length)
    {
        length = Length - _chunk;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(_chunk + 2)..], (ushort)length);
    }

    /// <summary>Ends the chunk and pads it.</summary>
    public void EndChunk()
    {
        EndChunk(out _);
        Pad();
    }

    public void WriteUInt16(int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[Length..], (ushort)value);
        Length += sizeof(ushort);
    }

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[Length..], value);
        Length += sizeof(uint);
    }

    public void WriteBytes(scoped ReadOnlySpan<byte> value)
    {
        value.CopyTo(_buffer[Length..]);
        Length += value.Length;
    }

    public void WriteZeros(int count)
    {
        _buffer.Slice(Length, count).Clear();
        Length += count;
    }

    /// <summary>Writes a whole parameter or cause with its padding.</summary>
    public void WriteParameter(ushort type, scoped ReadOnlySpan<byte> value)
    {
        Pad();
        WriteUInt16(type);
        WriteUInt16(TlvReader.HeaderLength + value.Length);
        WriteBytes(value);
    }

    public void Pad()
    {
        int padded = TlvReader.Pad(Length);
        _buffer[Length..padded].Clear();
        Length = padded;
    }
}
