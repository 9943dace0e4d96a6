using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace EGoat.WebRtc;

/// <summary>
/// An IP address and UDP port as a value: comparing and hashing allocate nothing. An IPv4-mapped IPv6 address is the
/// IPv4 address that it maps.
/// </summary>
public readonly record struct TransportAddress
{
    // Two halves rather than a UInt128, whose users are not compiled ahead (ReadyToRun).
    private readonly ulong _high;
    private readonly ulong _low;

    private TransportAddress(ulong high, ulong low, ushort port, bool isIPv6, uint scopeId) =>
        (_high, _low, Port, IsIPv6, ScopeId) = (high, low, port, isIPv6, scopeId);

    /// <summary>Creates an address from an <see cref="IPAddress"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The port is not in 0..65535.</exception>
    public TransportAddress(IPAddress address, int port)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        this = FromBytes(bytes[..length], (ushort)port, address.AddressFamily == AddressFamily.InterNetworkV6 ? (uint)address.ScopeId : 0);
    }

    /// <summary>The port.</summary>
    public ushort Port { get; }

    /// <summary>Whether it is an IPv6 address.</summary>
    public bool IsIPv6 { get; }

    /// <summary>The zone of a link-local IPv6 address (RFC 4007); 0 for others.</summary>
    public uint ScopeId { get; }

    /// <summary>The address length in bytes: 4 or 16.</summary>
    public int AddressLength => IsIPv6 ? 16 : 4;

    /// <summary>Whether it is a loopback address.</summary>
    public bool IsLoopback => IsIPv6 ? (_high, _low) == (0, 1) : _low >> 24 == 127;

    /// <summary>Whether it may be one host's: not the unspecified address, a group or a broadcast.</summary>
    internal bool IsUnicast => IsIPv6 ? (_high | _low) != 0 && _high >> 56 != 0xFF : _low >> 24 is > 0 and < 224;

    /// <summary>The address without the port.</summary>
    public IPAddress Address
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            WriteAddressBytes(bytes);
            return IsIPv6 ? new IPAddress(bytes, ScopeId) : new IPAddress(bytes[..4]);
        }
    }

    /// <summary>Creates an address from 4 or 16 bytes in network order.</summary>
    /// <exception cref="ArgumentException">Another number of bytes.</exception>
    public static TransportAddress FromBytes(ReadOnlySpan<byte> address, ushort port, uint scopeId = 0)
    {
        if (address.Length == 4)
        {
            return new(0, BinaryPrimitives.ReadUInt32BigEndian(address), port, false, 0);
        }

        if (address.Length != 16)
        {
            throw new ArgumentException("An IP address has 4 or 16 bytes.", nameof(address));
        }

        ulong high = BinaryPrimitives.ReadUInt64BigEndian(address);
        ulong low = BinaryPrimitives.ReadUInt64BigEndian(address[8..]);
        bool isMapped = high == 0 && low >> 32 == 0xFFFF;
        return isMapped ? new(0, (uint)low, port, false, 0) : new(high, low, port, true, scopeId);
    }

    /// <summary>Parses an address without brackets and a port, as SDP and candidates write them.</summary>
    public static bool TryParse(ReadOnlySpan<char> address, int port, out TransportAddress result)
    {
        result = default;
        if (port is < 0 or > ushort.MaxValue || !IPAddress.TryParse(address, out IPAddress? parsed))
        {
            return false;
        }

        result = new TransportAddress(parsed, port);
        return true;
    }

    /// <summary>Writes the address in network order: <see cref="AddressLength"/> bytes.</summary>
    public void WriteAddressBytes(Span<byte> destination)
    {
        if (IsIPv6)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
        }
    }

    /// <summary>The same address with another port.</summary>
    public TransportAddress WithPort(ushort port) => new(_high, _low, port, IsIPv6, ScopeId);

    /// <summary>The address as an <see cref="IPEndPoint"/>.</summary>
    public IPEndPoint ToEndPoint() => new(Address, Port);

    /// <summary><c>192.0.2.1:5000</c> or <c>[2001:db8::1]:5000</c>.</summary>
    public override string ToString() => ToEndPoint().ToString();
}
