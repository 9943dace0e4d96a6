using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.FuzzTests.Connection;

/// <summary>Gives a changed STUN message the integrity and fingerprint that it would have had.</summary>
internal static class StunRepair
{
    /// <summary>MESSAGE-INTEGRITY and FINGERPRINT, which stand last.</summary>
    public const int TrailerLength = 4 + HMACSHA1.HashSizeInBytes + 8;

    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "RFC 8489 section 14.5 prescribes HMAC-SHA1.")]
    public static byte[] Seal(ReadOnlySpan<byte> messageWithoutTrailer, ReadOnlySpan<byte> password)
    {
        int length = Math.Max(StunMessage.HeaderLength, messageWithoutTrailer.Length & ~3);
        var message = new byte[length + TrailerLength];
        messageWithoutTrailer[..Math.Min(length, messageWithoutTrailer.Length)].CopyTo(message);
        message[0] &= 3;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), StunMessage.MagicCookie);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)(length - StunMessage.HeaderLength + 4 + HMACSHA1.HashSizeInBytes));
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(length), ((uint)StunAttributeType.MessageIntegrity << 16) | HMACSHA1.HashSizeInBytes);
        HMACSHA1.HashData(password, message.AsSpan(0, length), message.AsSpan(length + 4));
        int fingerprint = length + 4 + HMACSHA1.HashSizeInBytes;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)(message.Length - StunMessage.HeaderLength));
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(fingerprint), ((uint)StunAttributeType.Fingerprint << 16) | sizeof(uint));
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(fingerprint + 4), Crc32.Compute(message.AsSpan(0, fingerprint)) ^ StunMessage.FingerprintMask);
        return message;
    }
}
