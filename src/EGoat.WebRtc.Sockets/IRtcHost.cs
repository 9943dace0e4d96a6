using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Sockets;

/// <summary>Creates connections and carries their datagrams. <see cref="RtcHost"/> does so on UDP sockets.</summary>
public interface IRtcHost : IAsyncDisposable
{
    /// <summary>Raised when a STUN or TURN server gives no candidate, with the reason; from any thread.</summary>
    event Action<string>? Warning;

    /// <summary>
    /// Raised when addresses of this machine have come or gone, from any thread: connections should restart ICE. New
    /// descriptions name the addresses that there are.
    /// </summary>
    event Action? NetworkChanged;

    /// <summary>Asks further STUN and TURN servers; those that are asked already are not asked again.</summary>
    void AddIceServers(IEnumerable<IceServer> servers);

    /// <summary>Creates a connection over this host.</summary>
    /// <param name="name">How traces name it.</param>
    /// <exception cref="ObjectDisposedException">The host has been disposed of.</exception>
    RtcConnection CreateConnection(string name = "connection");
}
