using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace EGoat.WebRtc.Stun;

/// <summary>Writes a STUN message into a caller's buffer, attribute by attribute (RFC 8489 section 5).</summary>
internal ref struct StunMessageWriter
{
    private readonly Span<byte> _buffer;
    private int _length;

    public StunMessageWriter(Span<byte> buffer, StunClass @class, ushort method, StunTransactionId transactionId)
    {
        int c = (int)@class;
        int type = (method & 0x000F) | ((method & 0x0070) << 1) | ((method & 0x0F80) << 2) | ((c & 0b10) << 7) | ((c & 0b01) << 4);
        BinaryPrimitives.WriteUInt16BigEndian(buffer, (ushort)type);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[4..], StunMessage.MagicCookie);
        transactionId.Write(buffer[8..]);
        _buffer = buffer;
        _length = StunMessage.HeaderLength;
    }

    public void Add(StunAttributeType type, scoped ReadOnlySpan<byte> value)
    {
        Span<byte> destination = Append(type, value.Length);
        value.CopyTo(destination);
    }

    public void Add(StunAttributeType type, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Append(type, sizeof(uint)), value);

    public void Add(StunAttributeType type, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Append(type, sizeof(ulong)), value);

    /// <summary>Adds XOR-MAPPED-ADDRESS (RFC 8489 section 14.2) or an attribute of the same form.</summary>
    public void AddXorAddress(StunAttributeType type, TransportAddress address)
    {
        Span<byte> value = Append(type, 4 + address.AddressLength);
        value[0] = 0;
        value[1] = (byte)(address.IsIPv6 ? 2 : 1);
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)(address.Port ^ (StunMessage.MagicCookie >> 16)));
        address.WriteAddressBytes(value[4..]);
        for (int i = 4; i < value.Length; i++)
        {
            value[i] ^= _buffer[i]; // the cookie and then the transaction id stand at 4
        }
    }

    /// <summary>Adds ERROR-CODE (RFC 8489 section 14.8).</summary>
    public void AddErrorCode(int code, ReadOnlySpan<byte> reason)
    {
        Span<byte> value = Append(StunAttributeType.ErrorCode, 4 + reason.Length);
        value[..2].Clear();
        value[2] = (byte)(code / 100);
        value[3] = (byte)(code % 100);
        reason.CopyTo(value[4..]);
    }

    /// <summary>Adds UNKNOWN-ATTRIBUTES with one type (RFC 8489 section 14.9).</summary>
    public void AddUnknownAttribute(ushort type) =>
        BinaryPrimitives.WriteUInt16BigEndian(Append(StunAttributeType.UnknownAttributes, sizeof(ushort)), type);

    /// <summary>Adds MESSAGE-INTEGRITY and FINGERPRINT and returns the length of the whole message.</summary>
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "RFC 8489 section 14.5 and RFC 8445 section 7 prescribe HMAC-SHA1.")]
    public int Finish(ReadOnlySpan<byte> integrityKey)
    {
        int covered = _length;
        Span<byte> integrity = Append(StunAttributeType.MessageIntegrity, StunMessage.IntegrityLength);
        WriteLength();
        HMACSHA1.HashData(integrityKey, _buffer[..covered], integrity);
        return Finish();
    }

    /// <summary>Adds FINGERPRINT alone and returns the length of the whole message.</summary>
    public int Finish()
    {
        int covered = _length;
        Span<byte> fingerprint = Append(StunAttributeType.Fingerprint, sizeof(uint));
        WriteLength();
        BinaryPrimitives.WriteUInt32BigEndian(fingerprint, Crc32.Compute(_buffer[..covered]) ^ StunMessage.FingerprintMask);
        return _length;
    }

    private readonly void WriteLength() =>
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[2..], (ushort)(_length - StunMessage.HeaderLength));

    private Span<byte> Append(StunAttributeType type, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[_length..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(_length + 2)..], (ushort)length);
        Span<byte> value = _buffer.Slice(_length + StunMessage.AttributeHeaderLength, length);
        int padded = (length + 3) & ~3;
        _buffer.Slice(_length + StunMessage.AttributeHeaderLength + length, padded - length).Clear();
        _length += StunMessage.AttributeHeaderLength + padded;
        return value;
    }
}
