using System.Collections.Concurrent;
using System.Net;
using EGoat.WebRtc;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Sockets;

namespace EGoat.Testing;

/// <summary>
/// A process with real <see cref="RtcConnection"/>s whose datagrams go over the <see cref="SimulatedNetwork"/> of a
/// <see cref="VirtualTime"/>. It may be cut off, frozen, and moved to other addresses; each between two advances of the time.
/// </summary>
public sealed class SimulatedRtcHost : IRtcHost, IConnectionHost, ISimulatedNode
{
    private const int FirstPort = 5000;

    /// <summary>Bytes that wait while the process is frozen, as in the receive buffer of a socket; what does not fit is lost.</summary>
    private const int MaxBacklog = 4 * 1024 * 1024;

    private readonly VirtualTime _time;
    private readonly PeerConnectionOptions _options;
    private readonly int _number;
    private readonly DatagramRouter _router = new();

    /// <summary>Those that the router has handed datagrams to since the last flush.</summary>
    private readonly List<RtcConnection> _touched = [];
    private readonly ConcurrentQueue<(Transmit Transmit, byte[] Bytes)> _outgoing = new();
    private readonly Queue<(TransportAddress Local, TransportAddress Remote, byte[] Bytes)> _backlog = new();

    /// <summary>The candidates of new connections. Locked, with connections added to <see cref="_router"/> under it.</summary>
    private readonly List<IceCandidate> _candidates = [];
    private readonly ConcurrentQueue<IceServer> _iceServers = new();
    private readonly ProcessClock _clock;
    private ushort _preference = ushort.MaxValue;
    private int _backlogBytes;
    private int _connections;
    private volatile bool _isCutOff;
    private volatile bool _isClosed;

    /// <param name="time">Whose clock and network it uses.</param>
    /// <param name="certificate">Its identity; it must outlive the host.</param>
    /// <param name="addresses">IP addresses, the preferred one first. Several hosts may share an address.</param>
    public SimulatedRtcHost(VirtualTime time, DtlsCertificate certificate, params ReadOnlySpan<string> addresses)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _number = time.TakeHostNumber();
        _options = new PeerConnectionOptions { Certificate = certificate };
        _clock = new ProcessClock(time.Clock);
        foreach (string address in addresses)
        {
            Add(CreateCandidate(address));
        }
    }

    /// <inheritdoc/>
    public event Action<string>? Warning;

    /// <inheritdoc/>
    public event Action? NetworkChanged;

    /// <summary>What the code of this process takes its time from: its timers do not fire while it is frozen.</summary>
    public TimeProvider Clock => _clock;

    /// <summary>The servers that it was told to ask. There are none in the simulation.</summary>
    public IEnumerable<IceServer> IceServers => _iceServers;

    /// <summary>Whether everything that is sent from here or to here is lost.</summary>
    public bool IsCutOff
    {
        get => _isCutOff;
        set => _isCutOff = value;
    }

    /// <summary>Whether the process is stopped (SIGSTOP): it handles nothing and sends nothing until it continues.</summary>
    public bool IsFrozen => _clock.IsFrozen;

    /// <summary>Complete while the process runs; while it is frozen, completes when it continues.</summary>
    public Task Running => _clock.Running;

    TimeSpan IConnectionHost.Now => _time.Network.Now;

    SendBuffers IConnectionHost.SendBuffers { get; } = new();

    TimeSpan? ISimulatedNode.NextTimeout
    {
        get
        {
            if (IsFrozen)
            {
                return null;
            }

            if (!_outgoing.IsEmpty || _backlog.Count > 0)
            {
                return TimeSpan.Zero;
            }

            TimeSpan next = _router.Connections.Select(static c => ((ITimed)c).NextTimeout).DefaultIfEmpty(TimeSpan.MaxValue).Min();
            return next == TimeSpan.MaxValue ? null : next;
        }
    }

    /// <summary>Stops the process.</summary>
    public void Freeze() => _clock.Freeze();

    /// <summary>Lets a frozen process go on: timers that were due meanwhile fire, then what has arrived is handled.</summary>
    public void Continue() => _clock.Continue();

    /// <summary>The machine has these addresses from now on, and no others.</summary>
    public void ChangeAddresses(params ReadOnlySpan<string> addresses)
    {
        IPAddress[] present = new IPAddress[addresses.Length];
        for (int i = 0; i < present.Length; i++)
        {
            present[i] = IPAddress.Parse(addresses[i]);
        }

        IceCandidate[] known;
        lock (_candidates)
        {
            known = [.. _candidates];
        }

        // As RtcHost tells of it: first what is gone, then what is new, then the change.
        foreach (IceCandidate gone in known.Where(c => !present.Contains(c.Address.Address)))
        {
            Remove(gone);
        }

        foreach (IPAddress found in present.Where(a => !known.Any(c => c.Address.Address.Equals(a))))
        {
            Add(CreateCandidate(found.ToString()));
        }

        NetworkChanged?.Invoke();
    }

    /// <summary>Raises <see cref="Warning"/>.</summary>
    public void Warn(string text) => Warning?.Invoke(text);

    /// <inheritdoc/>
    public void AddIceServers(IEnumerable<IceServer> servers)
    {
        ArgumentNullException.ThrowIfNull(servers);
        foreach (IceServer server in servers)
        {
            _iceServers.Enqueue(server);
        }
    }

    /// <inheritdoc/>
    public RtcConnection CreateConnection(string name = "connection")
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        int seed = HashCode.Combine(_time.Seed, _number, Interlocked.Increment(ref _connections));
        var engine = new PeerConnection(_options, new SeededEntropy(seed));
        var connection = new RtcConnection(this, engine);
        lock (_candidates)
        {
            foreach (IceCandidate candidate in _candidates)
            {
                engine.AddLocalCandidate(_time.Network.Now, candidate);
            }

            engine.HasLocalEndOfCandidates = true;
            _router.Add(connection);
        }

        return connection;
    }

    /// <summary>Closes all connections; what they sent last still goes out.</summary>
    public async ValueTask DisposeAsync()
    {
        _isClosed = true;
        foreach (RtcConnection connection in _router.Connections)
        {
            await connection.DisposeAsync();
        }
    }

    void ISimulatedNode.HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        if (_isCutOff)
        {
            return;
        }

        if (!IsFrozen)
        {
            _router.Dispatch(local, remote, datagram, _touched);
        }
        else if (_backlogBytes + datagram.Length <= MaxBacklog)
        {
            _backlog.Enqueue((local, remote, datagram.ToArray()));
            _backlogBytes += datagram.Length;
        }
    }

    void ISimulatedNode.HandleTimeout(TimeSpan now)
    {
        foreach (RtcConnection connection in _router.Connections)
        {
            if (((ITimed)connection).NextTimeout <= now)
            {
                ((ITimed)connection).HandleTimeout();
            }
        }

        while (_backlog.TryDequeue(out (TransportAddress Local, TransportAddress Remote, byte[] Bytes) next))
        {
            _backlogBytes -= next.Bytes.Length;
            _router.Dispatch(next.Local, next.Remote, next.Bytes, _touched);
        }
    }

    bool ISimulatedNode.TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (IsFrozen)
        {
            return false;
        }

        _touched.ForEach(static c => c.Flush());
        _touched.Clear();
        while (_outgoing.TryDequeue(out (Transmit Transmit, byte[] Bytes) next))
        {
            if (!_isCutOff)
            {
                transmit = next.Transmit;
                next.Bytes.CopyTo(buffer);
                return true;
            }
        }

        return false;
    }

    void IConnectionHost.Register(string ufrag, string? outdated, RtcConnection connection) => _router.Register(ufrag, outdated, connection);

    void IConnectionHost.Remove(RtcConnection connection) => _router.Remove(connection);

    // The network asks for the next timeout before each step.
    void IConnectionHost.Schedule(TimeSpan at)
    {
    }

    void IConnectionHost.Send(RtcConnection sender, in Transmit transmit, ReadOnlySpan<byte> buffer)
    {
        byte[] bytes = buffer[..transmit.Length].ToArray();
        _router.HandleSent(_time.Network.Now, sender, bytes);
        _outgoing.Enqueue((transmit, bytes));
    }

    private IceCandidate CreateCandidate(string address)
    {
        var transport = new TransportAddress(IPAddress.Parse(address), FirstPort + _number);
        return IceCandidate.CreateHost(transport, transport, _preference--);
    }

    private void Add(IceCandidate candidate)
    {
        _time.Network.Attach(this, candidate.Address);
        RtcConnection[] connections;
        lock (_candidates)
        {
            _candidates.Add(candidate);
            connections = _router.Connections;
        }

        Array.ForEach(connections, c => c.AddLocalCandidate(candidate));
    }

    private void Remove(IceCandidate candidate)
    {
        _time.Network.Detach(candidate.Address);
        RtcConnection[] connections;
        lock (_candidates)
        {
            _candidates.Remove(candidate);
            connections = _router.Connections;
        }

        Array.ForEach(connections, c => c.RemoveLocalCandidate(candidate));
    }
}
