using System.Net;
using System.Net.Sockets;

namespace EGoat.Signaling;

/// <summary>Addresses of this machine.</summary>
internal static class LocalAddress
{
    /// <summary>Whether an address is known not to be one of this machine's.</summary>
    /// <param name="address">The address; an IPv4 one may be mapped into IPv6, as sockets of both families name it.</param>
    public static bool IsGone(IPAddress address)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        try
        {
            using var probe = new Socket(plain.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            probe.Bind(new IPEndPoint(plain, 0));
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressNotAvailable;
        }
    }
}
