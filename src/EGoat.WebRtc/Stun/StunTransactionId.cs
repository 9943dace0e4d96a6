using System.Buffers.Binary;

namespace EGoat.WebRtc.Stun;

/// <summary>The 96-bit id that ties a response to its request (RFC 8489 section 5).</summary>
internal readonly record struct StunTransactionId(uint High, ulong Low)
{
    /// <summary>Its length on the wire.</summary>
    public const int Length = 12;

    public static StunTransactionId Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt32BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[4..]));

    public static StunTransactionId Create(IEntropySource entropy)
    {
        Span<byte> bytes = stackalloc byte[Length];
        entropy.Fill(bytes);
        return Read(bytes);
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[4..], Low);
    }
}
