using System.Buffers.Binary;

namespace EGoat.WebRtc.Dtls;

/// <summary>
/// What stands before every fragment of a handshake message (RFC 6347 section 4.2.2).
/// <code>
/// type u8 | length of the message u24 | message sequence u16 | fragment offset u24 | fragment length u24
/// </code>
/// </summary>
internal readonly record struct HandshakeHeader(HandshakeType Type, int Length, ushort MessageSequence, int FragmentOffset, int FragmentLength)
{
    /// <summary>Bytes of the header.</summary>
    public const int EncodedLength = 12;

    /// <summary>Reads a header and its fragment from the front. False when they are not there, or contradict each other.</summary>
    public static bool TryRead(ref TlsReader reader, out HandshakeHeader header, out ReadOnlySpan<byte> fragment)
    {
        header = default;
        fragment = default;
        if (!reader.TryReadUInt8(out byte type) || !reader.TryReadUInt24(out int length) || !reader.TryReadUInt16(out ushort sequence) ||
            !reader.TryReadUInt24(out int offset) || !reader.TryReadUInt24(out int fragmentLength) || !reader.TryReadBytes(fragmentLength, out fragment))
        {
            return false;
        }

        header = new HandshakeHeader((HandshakeType)type, length, sequence, offset, fragmentLength);
        return offset + fragmentLength <= length;
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, ((uint)Type << 24) | (uint)Length);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], MessageSequence);
        WriteUInt24(destination[6..], FragmentOffset);
        WriteUInt24(destination[9..], FragmentLength);
    }

    private static void WriteUInt24(Span<byte> destination, int value)
    {
        destination[0] = (byte)(value >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], (ushort)value);
    }
}
