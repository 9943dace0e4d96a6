using System.Buffers.Binary;

namespace EGoat.WebRtc.Sctp.Packet;

/// <summary>
/// Walks chunks (type and flags in a byte each) or parameters and causes (type in two bytes), which share a layout
/// (RFC 9260 sections 3.2 and 3.2.1).
/// </summary>
/// <remarks>
/// <code>
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  chunk type   |     flags     | length with these four bytes  |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | value, padded to 32 bits; the padding is not in the length ...
/// </code>
/// </remarks>
internal ref struct TlvReader(ReadOnlySpan<byte> bytes)
{
    public const int HeaderLength = 4;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>The rest is shorter than it claims, or than any TLV can be.</summary>
    public bool IsMalformed { get; private set; }

    public bool TryRead(out ushort type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (_rest.IsEmpty)
        {
            return false;
        }

        int length = _rest.Length < HeaderLength ? 0 : BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        if (length < HeaderLength || length > _rest.Length)
        {
            IsMalformed = true;
            return false;
        }

        type = BinaryPrimitives.ReadUInt16BigEndian(_rest);
        value = _rest[HeaderLength..length];
        _rest = _rest[Math.Min(Pad(length), _rest.Length)..]; // the last padding may be missing
        return true;
    }

    public bool TryReadChunk(out ChunkType type, out byte flags, out ReadOnlySpan<byte> value)
    {
        bool isRead = TryRead(out ushort both, out value);
        type = (ChunkType)(both >> 8);
        flags = (byte)both;
        return isRead;
    }

    /// <summary>Rounds up to a multiple of four.</summary>
    public static int Pad(int length) => (length + 3) & ~3;
}
