using System.Net.Sockets;

namespace EGoat.WebRtc.Sockets;

/// <summary>Makes a socket send datagrams whole or not at all, which path MTU discovery needs (RFC 8899 section 3, PLPMTUD over IP).</summary>
internal static class PathMtu
{
    private const int IpLevel = 0;
    private const int IPv6Level = 41;
    private const int IpMtuDiscover = 10;
    private const int IPv6MtuDiscover = 23;

    /// <summary>Do not fragment, and do not believe what ICMP says of the path (ip(7), IP_PMTUDISC_PROBE).</summary>
    private const int Probe = 3;

    public static void ForbidFragmentation(Socket socket)
    {
        bool isIPv6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
        try
        {
            if (OperatingSystem.IsLinux())
            {
                socket.SetRawSocketOption(isIPv6 ? IPv6Level : IpLevel, isIPv6 ? IPv6MtuDiscover : IpMtuDiscover, BitConverter.GetBytes(Probe));
            }
            else
            {
                socket.DontFragment = true;
            }
        }
        catch (SocketException)
        {
            // Where fragments cannot be forbidden, longer datagrams than the path's come in pieces, or not at all.
        }
    }
}
