using System.Net;
using System.Net.Sockets;

namespace EGoat.WebRtc.Sockets;

/// <summary>
/// A bound UDP socket of one address family that sends and receives without allocating, several datagrams in one call
/// where the system can (<see cref="SegmentationOffload"/>).
/// </summary>
internal sealed class UdpSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly SocketAddress _from;

    /// <summary>Addresses in the form that the kernel takes, made once for each remote.</summary>
    private readonly Dictionary<TransportAddress, SocketAddress> _to = [];

    private readonly Lock _sendingInPieces = new();

    /// <summary>Until a send shows that the system or the network interface cannot.</summary>
    private volatile bool _canSegment;

    private UdpSocket(Socket socket, bool useOffload)
    {
        _socket = socket;
        _canSegment = useOffload && SegmentationOffload.IsSupported;
        IsCoalescing = useOffload && SegmentationOffload.TryEnableReceive(socket);
        _from = new SocketAddress(socket.AddressFamily);
        Local = new TransportAddress(((IPEndPoint)socket.LocalEndPoint!).Address, ((IPEndPoint)socket.LocalEndPoint).Port);
    }

    /// <summary>The unspecified address and the port.</summary>
    public TransportAddress Local { get; }

    /// <summary>Whether <see cref="Receive"/> may return several datagrams behind one another.</summary>
    public bool IsCoalescing { get; }

    /// <summary>Whether another datagram can be received without waiting.</summary>
    public bool HasMore => _socket.Available > 0;

    /// <summary>Binds a socket to all interfaces and a free port. Null where the machine lacks the family.</summary>
    public static UdpSocket? TryBind(AddressFamily family, int receiveBufferSize, bool useOffload)
    {
        if (family == AddressFamily.InterNetworkV6 && !Socket.OSSupportsIPv6)
        {
            return null;
        }

        var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (family == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false;
            }

            PathMtu.ForbidFragmentation(socket);
            socket.ReceiveBufferSize = receiveBufferSize;
            socket.SendBufferSize = receiveBufferSize;
            socket.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
            return new UdpSocket(socket, useOffload);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Waits for a datagram, or several of one sender. 0: nothing usable came, go on. Only one thread may receive.</summary>
    /// <exception cref="ObjectDisposedException">The socket was closed.</exception>
    public int Receive(Span<byte> buffer, out TransportAddress remote)
    {
        remote = default;
        try
        {
            int length = _socket.ReceiveFrom(buffer, SocketFlags.None, _from);
            remote = Parse(_from);
            return length;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.MessageSize or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.ConnectionRefused)
        {
            return 0; // an ICMP error for something sent earlier, or a datagram longer than any of ours
        }
    }

    /// <summary>Sends datagrams, if the socket is still open. Any thread may send.</summary>
    /// <param name="datagrams">Of one size and behind one another; only the last may be shorter.</param>
    /// <param name="transmit">Their size and where to.</param>
    public void TrySend(ReadOnlySpan<byte> datagrams, in Transmit transmit)
    {
        SocketAddress to = GetSocketAddress(transmit.Remote);
        try
        {
            if (transmit.MayFragment)
            {
                SendInPieces(datagrams, to);
            }
            else
            {
                Send(datagrams, transmit.SegmentSize, to);
            }
        }
        catch (ObjectDisposedException)
        {
            // The host closes while a last datagram goes out.
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Send(ReadOnlySpan<byte> datagrams, int segmentSize, SocketAddress to)
    {
        int segments = Math.Min(SegmentationOffload.MaxSegments, SegmentationOffload.MaxPayload / segmentSize);
        while (_canSegment && datagrams.Length > segmentSize)
        {
            int length = Math.Min(segments * segmentSize, datagrams.Length);
            if (!SegmentationOffload.TrySend(_socket, datagrams[..length], (ushort)segmentSize, to))
            {
                // Longer ones may be refused for their length: the path has changed.
                _canSegment = segmentSize > PeerConnection.BaseDatagramSize;
                break;
            }

            datagrams = datagrams[length..];
        }

        while (!datagrams.IsEmpty)
        {
            int length = Math.Min(segmentSize, datagrams.Length);
            Send(datagrams[..length], to);
            datagrams = datagrams[length..];
        }
    }

    private void Send(ReadOnlySpan<byte> datagram, SocketAddress to)
    {
        try
        {
            _socket.SendTo(datagram, SocketFlags.None, to);
        }
        catch (SocketException)
        {
            // A datagram that the kernel refuses (no route, no buffer) is as good as lost on the way; ICE notices a dead path.
        }
    }

    // The option is the socket's: a probe that another thread sends meanwhile may arrive in pieces and be believed. What is too long
    // then is lost, and the path is probed again.
    private void SendInPieces(ReadOnlySpan<byte> datagram, SocketAddress to)
    {
        lock (_sendingInPieces)
        {
            PathMtu.AllowFragmentation(_socket);
            Send(datagram, to);
            PathMtu.ForbidFragmentation(_socket);
        }
    }

    private static TransportAddress Parse(SocketAddress address)
    {
        ReadOnlySpan<byte> bytes = address.Buffer.Span;
        ushort port = (ushort)((bytes[2] << 8) | bytes[3]);
        return address.Family == AddressFamily.InterNetwork
            ? TransportAddress.FromBytes(bytes.Slice(4, 4), port)
            : TransportAddress.FromBytes(bytes.Slice(8, 16), port);
    }

    private SocketAddress GetSocketAddress(TransportAddress remote)
    {
        lock (_to)
        {
            if (!_to.TryGetValue(remote, out SocketAddress? address))
            {
                const int maxRemembered = 4096;
                if (_to.Count >= maxRemembered)
                {
                    _to.Clear();
                }

                address = _to[remote] = remote.ToEndPoint().Serialize();
            }

            return address;
        }
    }
}
