using System.Net;
using System.Net.Sockets;

namespace EGoat.Signaling;

/// <summary>
/// What counts as one place on the internet for limits: an IPv4 address, or the first 64 bits of an IPv6 address, of which
/// whoever has one has all (RFC 6177).
/// </summary>
internal static class AddressPrefix
{
    private const int PrefixBytes = 8;

    /// <summary>The prefix of an address; what is no address stands for itself.</summary>
    public static string Of(string address)
    {
        if (!IPAddress.TryParse(address, out IPAddress? parsed))
        {
            return address;
        }

        if (parsed.IsIPv4MappedToIPv6)
        {
            return parsed.MapToIPv4().ToString();
        }

        if (parsed.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return parsed.ToString();
        }

        byte[] bytes = parsed.GetAddressBytes();
        bytes.AsSpan(PrefixBytes).Clear();
        return $"{new IPAddress(bytes)}/{PrefixBytes * 8}";
    }
}
