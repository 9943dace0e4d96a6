using System.Net.Sockets;

namespace EGoat.WebRtc.Sockets;

/// <summary>Whether IP may cut the datagrams of a socket. Path MTU discovery needs them whole or not at all (RFC 8899 section 3).</summary>
internal static class PathMtu
{
    private const int IpLevel = 0;
    private const int IPv6Level = 41;
    private const int IpMtuDiscover = 10;
    private const int IPv6MtuDiscover = 23;

    /// <summary>Do not fragment, and do not believe what ICMP says of the path (ip(7), IP_PMTUDISC_PROBE).</summary>
    private const int Probe = 3;

    /// <summary>Cut what is too long for the path, and believe nobody (IP_PMTUDISC_DONT).</summary>
    private const int Dont = 0;

    /// <summary>What is too long for the path is lost.</summary>
    public static void ForbidFragmentation(Socket socket) => Set(socket, mayFragment: false);

    /// <summary>What is too long for the path arrives in pieces.</summary>
    public static void AllowFragmentation(Socket socket) => Set(socket, mayFragment: true);

    private static void Set(Socket socket, bool mayFragment)
    {
        bool isIPv6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
        try
        {
            if (OperatingSystem.IsLinux())
            {
                socket.SetRawSocketOption(isIPv6 ? IPv6Level : IpLevel, isIPv6 ? IPv6MtuDiscover : IpMtuDiscover, BitConverter.GetBytes(mayFragment ? Dont : Probe));
            }
            else
            {
                socket.DontFragment = !mayFragment;
            }
        }
        catch (SocketException)
        {
            // Where fragments cannot be forbidden, longer datagrams than the path's come in pieces, or not at all.
        }
    }
}
