using System.Net;
using System.Net.Sockets;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Sockets;

/// <summary>
/// The sockets and threads of any number of connections: a UDP socket and a receiving thread for each address family, and
/// one timer thread.
/// </summary>
public sealed class RtcHost : IRtcHost, IConnectionHost
{
    /// <summary>Bytes that are handed over as one batch, and acknowledged once.</summary>
    private const int MaxBatch = 64 * 1024;

    /// <summary>The longest that the kernel hands over at once: a datagram, or several joined.</summary>
    private const int MaxReceive = 64 * 1024;

    private readonly RtcHostOptions _options;
    private readonly PeerConnectionOptions _peerOptions;
    private readonly SubjectTrace? _trace;
    private readonly List<UdpSocket> _sockets = [];
    private readonly List<Thread> _threads = [];
    private readonly DatagramRouter _router = new();

    /// <summary>The candidates of new connections. Locked, with connections added to <see cref="_router"/> under it: a connection has each candidate once.</summary>
    private readonly List<IceCandidate> _candidates = [];
    private readonly CandidateGathering _gathering;

    /// <summary>Of the next host candidate: each is preferred to those found after it.</summary>
    private ushort _preference = ushort.MaxValue;
    private readonly Lock _refreshing = new();
    private Task _warmUp = Task.CompletedTask;
    private bool _isGatheringComplete = true;
    private volatile bool _isClosing;
    private volatile bool _isDisposed;

    private RtcHost(RtcHostOptions options)
    {
        _options = options;
        _trace = options.Tracer is { } tracer ? new SubjectTrace(tracer, "host") : null;
        _peerOptions = new PeerConnectionOptions { Certificate = options.Certificate, Ice = options.Ice, ReceiveWindow = options.ReceiveWindow, MaxDatagramSize = options.MaxDatagramSize };
        _peerOptions = _peerOptions with { CreateCipher = options.CreateCipher ?? _peerOptions.CreateCipher };
        Timer = new ConnectionTimer();
        _gathering = new CandidateGathering(this, options, _sockets);
    }

    /// <inheritdoc/>
    public event Action<string>? Warning;

    /// <inheritdoc/>
    public event Action? NetworkChanged;

    /// <summary>The candidates of new connections.</summary>
    public IReadOnlyList<IceCandidate> LocalCandidates
    {
        get
        {
            lock (_candidates)
            {
                return [.. _candidates];
            }
        }
    }

    TimeSpan IConnectionHost.Now => MonotonicClock.Now;

    SendBuffers IConnectionHost.SendBuffers { get; } = new();

    internal ConnectionTimer Timer { get; }

    /// <summary>Binds the sockets to free ports and starts the threads.</summary>
    /// <exception cref="RtcException">No UDP socket could be bound, or the machine has no address.</exception>
    public static RtcHost Open(RtcHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var host = new RtcHost(options);
        host.Bind(AddressFamily.InterNetwork);
        if (options.IncludeIPv6)
        {
            host.Bind(AddressFamily.InterNetworkV6);
        }

        if (!options.RelayOnly)
        {
            host.GatherCandidates();
        }

        if (host._sockets.Count == 0 || (!options.RelayOnly && host._candidates.Count == 0))
        {
            host.DisposeSockets();
            throw new RtcException("This machine has no network address that a peer could reach.");
        }

        host._warmUp = WarmUp.StartAsync(host._peerOptions with { Ice = new IceAgentOptions() });
        host.AddIceServers(options.IceServers);
        if (!options.RelayOnly)
        {
            options.Addresses.Changed += host.HandleAddressesChanged;
        }

        return host;
    }

    /// <inheritdoc/>
    public void AddIceServers(IEnumerable<IceServer> servers) => _gathering.Add(servers);

    /// <inheritdoc/>
    public RtcConnection CreateConnection(string name = "connection")
    {
        ObjectDisposedException.ThrowIf(_isClosing, this);
        var engine = new PeerConnection(_options.Tracer is { } tracer ? _peerOptions with { Trace = new SubjectTrace(tracer, name) } : _peerOptions, SystemEntropy.Instance);
        TimeSpan now = MonotonicClock.Now;
        var connection = new RtcConnection(this, engine);
        lock (_candidates)
        {
            foreach (IceCandidate candidate in _candidates)
            {
                engine.AddLocalCandidate(now, candidate);
            }

            engine.HasLocalEndOfCandidates = _isGatheringComplete;
            _router.Add(connection);
        }

        Timer.Add(connection);
        return connection;
    }

    /// <summary>Closes all connections, then the sockets.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isClosing)
        {
            return;
        }

        _isClosing = true;
        _options.Addresses.Changed -= HandleAddressesChanged;
        foreach (RtcConnection connection in _router.Connections)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        await _gathering.DisposeAsync().ConfigureAwait(false);
        DisposeSockets();
        await _warmUp.ConfigureAwait(false); // it uses the certificate
    }

    void IConnectionHost.Register(string ufrag, string? outdated, RtcConnection connection) => _router.Register(ufrag, outdated, connection);

    void IConnectionHost.Remove(RtcConnection connection)
    {
        _router.Remove(connection);
        Timer.Remove(connection);
    }

    void IConnectionHost.Schedule(TimeSpan at) => Timer.Schedule(at);

    void IConnectionHost.Send(RtcConnection sender, in Transmit transmit, ReadOnlySpan<byte> buffer)
    {
        _router.HandleSent(MonotonicClock.Now, sender, buffer[..transmit.Length]);
        foreach (UdpSocket socket in _sockets)
        {
            if (socket.Local == transmit.Local)
            {
                socket.TrySend(buffer[..transmit.Length], transmit);
                return;
            }
        }

        _gathering.Send(transmit, buffer[..transmit.Length]);
    }

    internal void AddCandidate(IceCandidate candidate)
    {
        RtcConnection[] connections;
        lock (_candidates)
        {
            // Without a NAT the server sees an address that is a candidate already (RFC 8445 section 5.1.3).
            if (_candidates.Exists(c => c.Address == candidate.Address))
            {
                return;
            }

            _trace?.IfOn?.Write(TraceCategory.Connection, $"address {candidate.Address} ({candidate.Type}) was found");
            _candidates.Add(candidate);
            connections = _router.Connections;
        }

        foreach (RtcConnection connection in connections)
        {
            connection.AddLocalCandidate(candidate);
        }
    }

    /// <summary>New descriptions do not name it any more; connections that use it notice that it is gone.</summary>
    internal void RemoveCandidate(IceCandidate candidate)
    {
        RtcConnection[] connections;
        lock (_candidates)
        {
            _trace?.IfOn?.Write(TraceCategory.Connection, $"address {candidate.Address} ({candidate.Type}) is gone");
            _candidates.Remove(candidate);
            connections = _router.Connections;
        }

        foreach (RtcConnection connection in connections)
        {
            connection.RemoveLocalCandidate(candidate);
        }
    }

    internal void SetGatheringComplete(bool isComplete, bool isNew)
    {
        RtcConnection[] connections;
        lock (_candidates)
        {
            _isGatheringComplete = isComplete;
            connections = isNew ? _router.Connections : [];
        }

        foreach (RtcConnection connection in connections)
        {
            connection.EndLocalCandidates();
        }
    }

    internal void Warn(string text)
    {
        _trace?.IfOn?.Write(TraceCategory.Connection, text);
        Warning?.Invoke(text);
    }

    /// <summary>A message of a TURN server over a stream.</summary>
    internal void HandleStream(TransportAddress local, TransportAddress remote, Span<byte> message)
    {
        if (_gathering.Handle(local, remote, message, out TransportAddress relayed, out TransportAddress peer, out Range payload))
        {
            var touched = new List<RtcConnection>();
            _router.Dispatch(relayed, peer, message[payload], touched);
            touched.ForEach(c => c.Flush());
        }
    }

    private void Bind(AddressFamily family)
    {
        if (UdpSocket.TryBind(family, _options.ReceiveBufferSize, _options.UseSegmentationOffload) is not { } socket)
        {
            return;
        }

        _sockets.Add(socket);
        var thread = new Thread(() => Receive(socket)) { IsBackground = true, Name = $"E-Goat {family} receive" };
        _threads.Add(thread);
        thread.Start();
    }

    private void GatherCandidates()
    {
        foreach (IPAddress address in FindAddresses())
        {
            if (CreateCandidate(address) is { } candidate)
            {
                _trace?.IfOn?.Write(TraceCategory.Connection, $"address {candidate.Address}");
                _candidates.Add(candidate);
            }
        }
    }

    private IReadOnlyList<IPAddress> FindAddresses() => _options.Addresses.Find(_options.IncludeLoopback, _options.IncludeIPv6, _options.InterfaceFilter);

    private IceCandidate? CreateCandidate(IPAddress address) =>
        _sockets.Find(s => s.Local.IsIPv6 == (address.AddressFamily == AddressFamily.InterNetworkV6)) is { } socket
            ? IceCandidate.CreateHost(new TransportAddress(address, socket.Local.Port), socket.Local, _preference--)
            : null;

    // The sockets are bound to all addresses: they work on with those that there are.
    private void HandleAddressesChanged()
    {
        lock (_refreshing)
        {
            IReadOnlyList<IPAddress> present = FindAddresses();
            IceCandidate[] hosts = [.. LocalCandidates.Where(c => c.Type == IceCandidateType.Host)];
            IceCandidate[] gone = [.. hosts.Where(c => !present.Contains(c.Address.Address))];
            IceCandidate[] found = [.. present.Where(a => !hosts.Any(c => c.Address.Address.Equals(a))).Select(CreateCandidate).OfType<IceCandidate>()];
            if (_isClosing || (gone.Length == 0 && found.Length == 0))
            {
                return;
            }

            Array.ForEach(gone, RemoveCandidate);
            Array.ForEach(found, AddCandidate);
        }

        NetworkChanged?.Invoke();
    }

    // One batch: wait for a datagram, hand it over and what else has come, then let each connection answer once.
    private void Receive(UdpSocket socket)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(MaxReceive, pinned: true);
        var touched = new List<RtcConnection>();
        try
        {
            while (!_isDisposed)
            {
                int batch = 0;
                do
                {
                    int length = socket.Receive(buffer, out TransportAddress remote);
                    batch += Math.Max(length, 1);
                    Span<byte> received = buffer.AsSpan(0, length);
                    if (!socket.IsCoalescing)
                    {
                        HandleReceived(socket.Local, remote, received, touched);
                        continue;
                    }

                    while (DatagramSplitter.TryTake(ref received, out Span<byte> datagram))
                    {
                        HandleReceived(socket.Local, remote, datagram, touched);
                    }
                }
                while (batch < MaxBatch && socket.HasMore);

                foreach (RtcConnection connection in touched)
                {
                    connection.Flush();
                }

                touched.Clear();
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // The host has closed the socket.
        }
    }

    private void HandleReceived(TransportAddress local, TransportAddress remote, Span<byte> datagram, List<RtcConnection> touched)
    {
        if (datagram.IsEmpty)
        {
            return;
        }

        if (!_gathering.IsServer(remote))
        {
            _router.Dispatch(local, remote, datagram, touched);
        }
        else if (_gathering.Handle(local, remote, datagram, out TransportAddress relayed, out TransportAddress peer, out Range payload))
        {
            _router.Dispatch(relayed, peer, datagram[payload], touched);
        }
    }

    private void DisposeSockets()
    {
        _isDisposed = true;
        foreach (UdpSocket socket in _sockets)
        {
            socket.Dispose();
        }

        foreach (Thread thread in _threads)
        {
            if (thread != Thread.CurrentThread)
            {
                thread.Join();
            }
        }

        Timer.Dispose();
    }
}
