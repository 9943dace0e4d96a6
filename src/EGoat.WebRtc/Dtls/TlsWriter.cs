using System.Buffers.Binary;

namespace EGoat.WebRtc.Dtls;

/// <summary>Writes the presentation language of RFC 5246 section 4 into a growing buffer. For the handshake only.</summary>
internal sealed class TlsWriter
{
    private byte[] _buffer = new byte[512];
    private int _length;

    /// <summary>What has been written.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Forgets what has been written.</summary>
    public void Clear() => _length = 0;

    public void WriteUInt8(byte value) => Append(1)[0] = value;

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Append(2), value);

    public void WriteBytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Append(bytes.Length));

    /// <summary>A vector with a length prefix of <paramref name="prefixLength"/> bytes.</summary>
    public void WriteVector(int prefixLength, ReadOnlySpan<byte> bytes)
    {
        int mark = BeginVector(prefixLength);
        WriteBytes(bytes);
        EndVector(prefixLength, mark);
    }

    /// <summary>Leaves room for a length prefix; <see cref="EndVector"/> fills it in.</summary>
    public int BeginVector(int prefixLength)
    {
        Append(prefixLength);
        return _length;
    }

    /// <summary>Fills in the length of everything written since <see cref="BeginVector"/> returned <paramref name="mark"/>.</summary>
    public void EndVector(int prefixLength, int mark)
    {
        int length = _length - mark;
        for (int i = 1; i <= prefixLength; i++, length >>= 8)
        {
            _buffer[mark - i] = (byte)length;
        }
    }

    private Span<byte> Append(int count)
    {
        if (_length + count > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        }

        _length += count;
        return _buffer.AsSpan(_length - count, count);
    }
}
