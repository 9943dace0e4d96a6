using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace EGoat.WebRtc.Sockets;

/// <summary>What the system says of its network interfaces; it tells of changes by itself.</summary>
internal sealed class LocalAddresses : ILocalAddresses
{
    /// <summary>Addresses kept; a machine with more has virtual ones.</summary>
    private const int MaxAddresses = 16;

    private LocalAddresses()
    {
        NetworkChange.NetworkAddressChanged += (_, _) => Changed?.Invoke();
        if (OperatingSystem.IsLinux())
        {
            LinuxIPv6Changes.Watch(() => Changed?.Invoke());
        }
    }

    public event Action? Changed;

    public static LocalAddresses System { get; } = new();

    public IReadOnlyList<IPAddress> Find(bool includeLoopback, bool includeIPv6, Func<NetworkInterface, bool>? filter)
    {
        var addresses = new List<IPAddress>();
        foreach (NetworkInterface network in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (network.OperationalStatus is not (OperationalStatus.Up or OperationalStatus.Unknown) || filter?.Invoke(network) == false)
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
