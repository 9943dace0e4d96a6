using System.Net;
using System.Net.NetworkInformation;

namespace EGoat.WebRtc.Sockets;

/// <summary>The addresses of this machine that a peer may reach it at.</summary>
internal interface ILocalAddresses
{
    /// <summary>Some may have come or gone; raised from any thread.</summary>
    event Action? Changed;

    /// <summary>The present ones, best first.</summary>
    IReadOnlyList<IPAddress> Find(bool includeLoopback, bool includeIPv6, Func<NetworkInterface, bool>? filter);
}
