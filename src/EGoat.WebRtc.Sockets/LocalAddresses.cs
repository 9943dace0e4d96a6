using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace EGoat.WebRtc.Sockets;

/// <summary>The addresses of this machine that a peer may reach it at, best first.</summary>
internal static class LocalAddresses
{
    /// <summary>Addresses kept; a machine with more has virtual ones.</summary>
    private const int MaxAddresses = 16;

    public static IReadOnlyList<IPAddress> Find(bool includeLoopback, bool includeIPv6)
    {
        var addresses = new List<IPAddress>();
        foreach (NetworkInterface network in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (network.OperationalStatus is not (OperationalStatus.Up or OperationalStatus.Unknown))
            {
                continue;
            }

            foreach (UnicastIPAddressInformation unicast in network.GetIPProperties().UnicastAddresses)
            {
                IPAddress address = unicast.Address;
                bool isUsable = address.AddressFamily == AddressFamily.InterNetwork || (includeIPv6 && address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv6LinkLocal: false });
                if (isUsable && (includeLoopback || !IPAddress.IsLoopback(address)) && !addresses.Contains(address))
                {
                    addresses.Add(address);
                }
            }
        }

        // Loopback first where it is wanted: it is the shortest way. IPv6 before IPv4 (RFC 8421 section 4).
        return [.. addresses.OrderBy(a => IPAddress.IsLoopback(a) ? 0 : 1).ThenBy(a => a.AddressFamily == AddressFamily.InterNetworkV6 ? 0 : 1).Take(MaxAddresses)];
    }
}
