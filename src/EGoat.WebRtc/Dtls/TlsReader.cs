using System.Buffers.Binary;

namespace EGoat.WebRtc.Dtls;

/// <summary>Reads the presentation language of RFC 5246 section 4 from a span; every read says whether it succeeded.</summary>
internal ref struct TlsReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    /// <summary>Whether everything has been read.</summary>
    public readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>What has not been read.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    public bool TryReadBytes(int count, out ReadOnlySpan<byte> bytes)
    {
        if (count > _rest.Length)
        {
            bytes = default;
            return false;
        }

        bytes = _rest[..count];
        _rest = _rest[count..];
        return true;
    }

    public bool TryReadUInt8(out byte value)
    {
        bool ok = TryReadBytes(1, out ReadOnlySpan<byte> bytes);
        value = ok ? bytes[0] : (byte)0;
        return ok;
    }

    public bool TryReadUInt16(out ushort value)
    {
        bool ok = TryReadBytes(2, out ReadOnlySpan<byte> bytes);
        value = ok ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : (ushort)0;
        return ok;
    }

    public bool TryReadUInt24(out int value)
    {
        bool ok = TryReadBytes(3, out ReadOnlySpan<byte> bytes);
        value = ok ? bytes[0] << 16 | bytes[1] << 8 | bytes[2] : 0;
        return ok;
    }

    /// <summary>A vector with a length prefix of one byte.</summary>
    public bool TryReadVector8(out ReadOnlySpan<byte> vector)
    {
        vector = default;
        return TryReadUInt8(out byte length) && TryReadBytes(length, out vector);
    }

    /// <summary>A vector with a length prefix of two bytes.</summary>
    public bool TryReadVector16(out ReadOnlySpan<byte> vector)
    {
        vector = default;
        return TryReadUInt16(out ushort length) && TryReadBytes(length, out vector);
    }

    /// <summary>A vector with a length prefix of three bytes.</summary>
    public bool TryReadVector24(out ReadOnlySpan<byte> vector)
    {
        vector = default;
        return TryReadUInt24(out int length) && TryReadBytes(length, out vector);
    }

    /// <summary>Whether a list of 16-bit numbers holds <paramref name="value"/>.</summary>
    public static bool ListContains(ReadOnlySpan<byte> list, ushort value)
    {
        for (; list.Length >= 2; list = list[2..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(list) == value)
            {
                return true;
            }
        }

        return false;
    }
}
