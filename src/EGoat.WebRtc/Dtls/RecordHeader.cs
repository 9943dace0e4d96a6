using System.Buffers.Binary;

namespace EGoat.WebRtc.Dtls;

/// <summary>What a record carries (RFC 5246 section 6.2.1).</summary>
internal enum ContentType : byte
{
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    ApplicationData = 23,
}

/// <summary>The protocol versions on the wire: ones' complements, so a smaller number is a newer version.</summary>
internal static class DtlsVersion
{
    public const ushort Dtls10 = 0xFEFF;
    public const ushort Dtls12 = 0xFEFD;
}

/// <summary>
/// The header of a record (RFC 6347 section 4.1).
/// <code>
///  0        1        2        3        4        5                         11       12
/// +--------+--------+--------+--------+--------+---- 48 bits ---- ... ----+--------+--------+
/// |  type  |     version     |      epoch      |     sequence number      |      length     |
/// +--------+-----------------+-----------------+--------------------------+-----------------+
/// </code>
/// </summary>
internal readonly record struct RecordHeader(ContentType Type, ushort Version, ushort Epoch, ulong Sequence, int Length)
{
    /// <summary>Bytes of the header.</summary>
    public const int EncodedLength = 13;

    /// <summary>The largest sequence number; a connection ends before it would wrap (RFC 6347 section 4.1).</summary>
    public const ulong MaxSequence = (1UL << 48) - 1;

    /// <summary>The largest plaintext of a record in bytes (RFC 5246 section 6.2.1).</summary>
    public const int MaxPlaintextLength = 1 << 14;

    /// <summary>The first 8 bytes of a nonce's explicit part and of the additional data: epoch and sequence number.</summary>
    public ulong EpochAndSequence => (ulong)Epoch << 48 | Sequence;

    /// <summary>Reads a header and makes sure that the whole record is there.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out RecordHeader header)
    {
        header = default;
        if (datagram.Length < EncodedLength)
        {
            return false;
        }

        ulong epochAndSequence = BinaryPrimitives.ReadUInt64BigEndian(datagram[3..]);
        header = new RecordHeader(
            (ContentType)datagram[0],
            BinaryPrimitives.ReadUInt16BigEndian(datagram[1..]),
            (ushort)(epochAndSequence >> 48),
            epochAndSequence & MaxSequence,
            BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]));
        return header.Length <= datagram.Length - EncodedLength;
    }

    /// <summary>Writes the header.</summary>
    public void Write(Span<byte> destination)
    {
        destination[0] = (byte)Type;
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], Version);
        BinaryPrimitives.WriteUInt64BigEndian(destination[3..], EpochAndSequence);
        BinaryPrimitives.WriteUInt16BigEndian(destination[11..], (ushort)Length);
    }
}
