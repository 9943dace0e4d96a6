using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace EGoat.WebRtc.Stun;

/// <summary>A parsed view of a STUN message (RFC 8489 section 5). Copies nothing.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0 0|  type: method and class   |  length without these 20 bytes|
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                    magic cookie 0x2112A442                    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                  transaction id (96 bits)                     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | attributes: type u16, length u16, value, padding to 32 bits ...
/// </code>
/// </remarks>
internal readonly ref struct StunMessage
{
    public const int HeaderLength = 20;
    public const uint MagicCookie = 0x2112A442;
    public const ushort BindingMethod = 0x001;

    /// <summary>Longer messages are dropped: nothing in ICE needs more, and integrity is checked on a copy on the stack.</summary>
    public const int MaxLength = 1500;

    internal const int AttributeHeaderLength = 4;
    internal const int IntegrityLength = HMACSHA1.HashSizeInBytes;
    internal const uint FingerprintMask = 0x5354554E;

    private readonly ReadOnlySpan<byte> _bytes;

    private StunMessage(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public StunClass Class
    {
        get
        {
            int type = BinaryPrimitives.ReadUInt16BigEndian(_bytes);
            return (StunClass)(((type >> 7) & 0b10) | ((type >> 4) & 0b01));
        }
    }

    public ushort Method
    {
        get
        {
            int type = BinaryPrimitives.ReadUInt16BigEndian(_bytes);
            return (ushort)((type & 0x000F) | ((type & 0x00E0) >> 1) | ((type & 0x3E00) >> 2));
        }
    }

    public StunTransactionId TransactionId => StunTransactionId.Read(_bytes[8..]);

    /// <summary>Whether a datagram's first byte says STUN where it shares a port with DTLS (RFC 7983 section 7).</summary>
    public static bool IsStun(ReadOnlySpan<byte> datagram) => datagram.Length >= HeaderLength && datagram[0] <= 3;

    /// <summary>Parses a whole datagram. False when it is not a well-formed STUN message.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out StunMessage message)
    {
        message = default;
        if (datagram.Length is < HeaderLength or > MaxLength || (datagram[0] & 0xC0) != 0 ||
            BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) != MagicCookie ||
            BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]) != datagram.Length - HeaderLength)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = datagram[HeaderLength..];
        while (!rest.IsEmpty)
        {
            if (!TryReadAttribute(ref rest, out _, out _))
            {
                return false;
            }
        }

        message = new StunMessage(datagram);
        return true;
    }

    /// <summary>
    /// The ufrag that a connectivity check is addressed to: what stands before the colon in USERNAME (RFC 8445 section
    /// 7.2.2). False for anything but a Binding request that has one.
    /// </summary>
    public static bool TryReadLocalUfrag(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> ufrag)
    {
        ufrag = default;
        if (!TryParse(datagram, out StunMessage message) || message.Class != StunClass.Request ||
            !message.TryGetAttribute(StunAttributeType.Username, out ReadOnlySpan<byte> username))
        {
            return false;
        }

        int colon = username.IndexOf((byte)':');
        ufrag = colon < 0 ? default : username[..colon];
        return colon > 0;
    }

    /// <summary>Finds the first attribute of a type. Attributes behind MESSAGE-INTEGRITY are ignored, except FINGERPRINT (RFC 8489 section 14.5).</summary>
    public bool TryGetAttribute(StunAttributeType type, out ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> rest = _bytes[HeaderLength..];
        bool isProtected = true;
        while (TryReadAttribute(ref rest, out StunAttributeType found, out value))
        {
            if (found == type && (isProtected || type == StunAttributeType.Fingerprint))
            {
                return true;
            }

            isProtected &= found != StunAttributeType.MessageIntegrity;
        }

        value = default;
        return false;
    }

    public bool TryGetUInt32(StunAttributeType type, out uint value)
    {
        bool found = TryGetAttribute(type, out ReadOnlySpan<byte> bytes) && bytes.Length == sizeof(uint);
        value = found ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;
        return found;
    }

    public bool TryGetUInt64(StunAttributeType type, out ulong value)
    {
        bool found = TryGetAttribute(type, out ReadOnlySpan<byte> bytes) && bytes.Length == sizeof(ulong);
        value = found ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;
        return found;
    }

    /// <summary>Reads XOR-MAPPED-ADDRESS (RFC 8489 section 14.2) or an attribute of the same form.</summary>
    public bool TryGetXorAddress(StunAttributeType type, out TransportAddress address)
    {
        address = default;
        if (!TryGetAttribute(type, out ReadOnlySpan<byte> value) || value.Length < 8)
        {
            return false;
        }

        int length = (value[1], value.Length) switch { (1, 8) => 4, (2, 20) => 16, _ => 0 };
        if (length == 0)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)(value[4 + i] ^ _bytes[4 + i]); // the cookie and then the transaction id
        }

        address = TransportAddress.FromBytes(bytes, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(value[2..]) ^ (MagicCookie >> 16)));
        return true;
    }

    /// <summary>Reads ERROR-CODE (RFC 8489 section 14.8): 300 to 699.</summary>
    public bool TryGetErrorCode(out int code)
    {
        bool found = TryGetAttribute(StunAttributeType.ErrorCode, out ReadOnlySpan<byte> value) && value.Length >= 4;
        code = found ? ((value[2] & 7) * 100) + value[3] : 0;
        return found;
    }

    /// <summary>The reason phrase of ERROR-CODE, shortened and without control characters; "" when there is none.</summary>
    public string GetErrorReason()
    {
        const int maxLength = 128;
        return TryGetAttribute(StunAttributeType.ErrorCode, out ReadOnlySpan<byte> value) && value.Length > 4
            ? string.Concat(Encoding.UTF8.GetString(value[4..Math.Min(value.Length, 4 + maxLength)]).Where(c => !char.IsControl(c)))
            : "";
    }

    /// <summary>The first attribute that must be understood and is not known here, or 0 (RFC 8489 section 6.3.1).</summary>
    public ushort FindUnknownRequiredAttribute()
    {
        ReadOnlySpan<byte> rest = _bytes[HeaderLength..];
        while (TryReadAttribute(ref rest, out StunAttributeType type, out _))
        {
            if ((ushort)type < 0x8000 && !Enum.IsDefined(type))
            {
                return (ushort)type;
            }

            if (type == StunAttributeType.MessageIntegrity)
            {
                break;
            }
        }

        return 0;
    }

    /// <summary>Checks FINGERPRINT (RFC 8489 section 14.7), which ICE requires to be present and last (RFC 8445 section 7.1.1).</summary>
    public bool HasValidFingerprint()
    {
        int covered = _bytes.Length - AttributeHeaderLength - sizeof(uint);
        return covered >= HeaderLength &&
            BinaryPrimitives.ReadUInt16BigEndian(_bytes[covered..]) == (ushort)StunAttributeType.Fingerprint &&
            BinaryPrimitives.ReadUInt16BigEndian(_bytes[(covered + 2)..]) == sizeof(uint) &&
            BinaryPrimitives.ReadUInt32BigEndian(_bytes[(covered + 4)..]) == (Crc32.Compute(_bytes[..covered]) ^ FingerprintMask);
    }

    /// <summary>Checks MESSAGE-INTEGRITY with a short-term credential's key (RFC 8489 section 14.5).</summary>
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "RFC 8489 section 14.5 and RFC 8445 section 7 prescribe HMAC-SHA1.")]
    public bool VerifyIntegrity(ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> rest = _bytes[HeaderLength..];
        int offset = HeaderLength;
        Span<byte> signed = stackalloc byte[MaxLength];
        while (TryReadAttribute(ref rest, out StunAttributeType type, out ReadOnlySpan<byte> value))
        {
            if (type == StunAttributeType.MessageIntegrity)
            {
                if (value.Length != IntegrityLength)
                {
                    return false;
                }

                // The HMAC was taken when the message ended with this attribute, and its length field said so.
                _bytes[..offset].CopyTo(signed);
                BinaryPrimitives.WriteUInt16BigEndian(signed[2..], (ushort)(offset - HeaderLength + AttributeHeaderLength + IntegrityLength));
                Span<byte> expected = stackalloc byte[IntegrityLength];
                HMACSHA1.HashData(key, signed[..offset], expected);
                return CryptographicOperations.FixedTimeEquals(expected, value);
            }

            offset = _bytes.Length - rest.Length;
        }

        return false;
    }

    private static bool TryReadAttribute(scoped ref ReadOnlySpan<byte> rest, out StunAttributeType type, out ReadOnlySpan<byte> value)
    {
        type = default;
        value = default;
        if (rest.Length < AttributeHeaderLength)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
        int padded = (length + 3) & ~3;
        if (padded > rest.Length - AttributeHeaderLength)
        {
            return false;
        }

        type = (StunAttributeType)BinaryPrimitives.ReadUInt16BigEndian(rest);
        value = rest.Slice(AttributeHeaderLength, length);
        rest = rest[(AttributeHeaderLength + padded)..];
        return true;
    }
}
