using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Turn;

namespace EGoat.WebRtc.Sockets;

/// <summary>The STUN and TURN servers of a host: the <see cref="IceGatherer"/> on real sockets.</summary>
/// <remarks>Its lock is taken under that of a connection, never the other way round: what it finds is told without it.</remarks>
internal sealed class CandidateGathering : ITimed, IAsyncDisposable
{
    private const int MaxServers = 16;

    private readonly RtcHost _host;
    private readonly RtcHostOptions _options;
    private readonly IReadOnlyList<UdpSocket> _sockets;
    private readonly IceGatherer _gatherer = new(SystemEntropy.Instance);
    private readonly Lock _gate = new();
    private readonly byte[] _buffer = new byte[PeerConnectionOptions.DatagramSizeLimit + TurnClient.MaxOverhead + 512];
    private readonly Dictionary<TransportAddress, TurnStream> _streams = [];
    private readonly HashSet<IceServer> _servers = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    /// <summary>Where servers are, for the receiving threads; replaced, never changed.</summary>
    private volatile HashSet<TransportAddress> _addresses = [];

    /// <summary>Servers whose names are being resolved, or whose streams are being opened, for the first time.</summary>
    private int _resolving;
    private long _nextTimeout = long.MaxValue;
    private bool _wasComplete = true;

    public CandidateGathering(RtcHost host, RtcHostOptions options, IReadOnlyList<UdpSocket> sockets)
    {
        _host = host;
        _options = options;
        _sockets = sockets;
        host.Timer.Add(this);
    }

    public TimeSpan NextTimeout => new(Volatile.Read(ref _nextTimeout));

    /// <summary>Asks servers that are not asked yet.</summary>
    public void Add(IEnumerable<IceServer> servers)
    {
        lock (_gate)
        {
            foreach (IceServer server in servers)
            {
                bool isUseful = server.IsTurn || !_options.RelayOnly;
                if (isUseful && _servers.Count < MaxServers && !_stop.IsCancellationRequested && _servers.Add(server))
                {
                    _resolving++;
                    _running.Add(Task.Run(() => OpenAsync(server)));
                }
            }
        }

        Tell();
    }

    public bool IsServer(TransportAddress remote) => _addresses.Contains(remote);

    /// <summary>Takes a datagram of a server; false when it carries nothing of a peer.</summary>
    public bool Handle(TransportAddress local, TransportAddress remote, ReadOnlySpan<byte> datagram, out TransportAddress relayed, out TransportAddress peer, out Range payload)
    {
        bool isOfPeer;
        lock (_gate)
        {
            isOfPeer = _gatherer.HandleDatagram(MonotonicClock.Now, local, remote, datagram, out relayed, out peer, out payload);
            if (!isOfPeer)
            {
                FlushLocked();
            }
        }

        if (!isOfPeer)
        {
            Tell();
        }

        return isOfPeer;
    }

    /// <summary>Sends what a connection sends from a relayed address. False when there is no such address.</summary>
    public void Send(in Transmit transmit, ReadOnlySpan<byte> datagrams)
    {
        lock (_gate)
        {
            TimeSpan now = MonotonicClock.Now;
            while (!datagrams.IsEmpty)
            {
                ReadOnlySpan<byte> datagram = datagrams[..Math.Min(transmit.SegmentSize, datagrams.Length)];
                if (_gatherer.Relay(now, transmit.Local, transmit.Remote, datagram, _buffer, out Transmit wrapped))
                {
                    SendLocked(wrapped with { MayFragment = transmit.MayFragment });
                }

                datagrams = datagrams[datagram.Length..];
            }

            FlushLocked();
        }
    }

    public void HandleTimeout()
    {
        lock (_gate)
        {
            _gatherer.HandleTimeout(MonotonicClock.Now);
            FlushLocked();
        }

        Tell();
    }

    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_gate)
        {
            _gatherer.Close();
            FlushLocked();
            _stop.Cancel();
            running = [.. _running];
        }

        _host.Timer.Remove(this);
        await Task.WhenAll(running).ConfigureAwait(false);
        _stop.Dispose();
    }

    // Until the host ends: what cannot be resolved or reached now may be later, and a stream that has ended is opened anew.
    private async Task OpenAsync(IceServer server)
    {
        bool isWaitedFor = true;
        string? told = null;
        while (!_stop.IsCancellationRequested)
        {
            string? failure = null;
            try
            {
                TransportAddress[] addresses = await ResolveAsync(server).ConfigureAwait(false);
                if (server.Transport == IceServerTransport.Udp)
                {
                    AddUdp(server, addresses);
                    Settle(ref isWaitedFor);
                    return;
                }

                TurnStream stream = await ConnectAsync(server, addresses).ConfigureAwait(false);
                told = null;
                Open(server, stream, out Task reading);
                Settle(ref isWaitedFor);
                await CloseAsync(stream, reading).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
            {
                failure = e.Message;
            }
            catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
            {
                failure = "it does not answer.";
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (failure is not null && failure != told)
            {
                told = failure;
                _host.Warn($"The server {server} gives no candidates: {failure}");
            }

            Settle(ref isWaitedFor);
            await Task.Delay(_options.ServerRetryInterval, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // One address of each family: servers with more are one server.
    private async Task<TransportAddress[]> ResolveAsync(IceServer server)
    {
        IPAddress[] found = await Dns.GetHostAddressesAsync(server.Host, _stop.Token).ConfigureAwait(false);
        TransportAddress[] addresses = [.. found
            .Where(a => _sockets.Any(s => s.Local.IsIPv6 == (a.AddressFamily == AddressFamily.InterNetworkV6)))
            .DistinctBy(a => a.AddressFamily)
            .Select(a => new TransportAddress(a, server.Port))];
        return addresses.Length > 0 ? addresses : throw new IOException("its name has no address that this machine can use.");
    }

    private void AddUdp(IceServer server, TransportAddress[] addresses)
    {
        lock (_gate)
        {
            foreach (TransportAddress address in addresses)
            {
                TransportAddress local = _sockets.First(s => s.Local.IsIPv6 == address.IsIPv6).Local;
                if (server.IsTurn)
                {
                    _gatherer.AddTurn(local, address, server.Transport, server.Username, server.Credential, tellsReflexive: !_options.RelayOnly);
                }
                else
                {
                    _gatherer.AddStun(local, address);
                }
            }

            _addresses = [.. _addresses, .. addresses];
            FlushLocked();
        }
    }

    // The first of its addresses that answers.
    private async Task<TurnStream> ConnectAsync(IceServer server, TransportAddress[] addresses)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return await TurnStream.ConnectAsync(server, addresses[i], _options.ValidateServerCertificate, _stop.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (i + 1 < addresses.Length && !_stop.IsCancellationRequested && e is SocketException or IOException or OperationCanceledException)
            {
                // There is another address family to try.
            }
        }
    }

    private void Open(IceServer server, TurnStream stream, out Task reading)
    {
        reading = stream.RunAsync(message => _host.HandleStream(stream.Local, stream.Remote, message.Span));
        lock (_gate)
        {
            _streams[stream.Local] = stream;
            _gatherer.AddTurn(stream.Local, stream.Remote, server.Transport, server.Username, server.Credential, tellsReflexive: false);
            FlushLocked();
        }
    }

    // When it has ended, or the host ends.
    private async Task CloseAsync(TurnStream stream, Task reading)
    {
        await using (stream.ConfigureAwait(false))
        {
            await Task.WhenAny(reading, Task.Delay(Timeout.Infinite, _stop.Token)).ConfigureAwait(false);
            lock (_gate)
            {
                _streams.Remove(stream.Local);
                _gatherer.Remove(stream.Local);
            }

            Tell();
        }
    }

    // The server is not waited for any more: the gatherer knows it, or it cannot be reached now.
    private void Settle(ref bool isWaitedFor)
    {
        if (!isWaitedFor)
        {
            return;
        }

        isWaitedFor = false;
        lock (_gate)
        {
            _resolving--;
        }

        Tell();
    }

    private void FlushLocked()
    {
        TimeSpan now = MonotonicClock.Now;
        while (_gatherer.TryPollTransmit(now, _buffer, out Transmit transmit))
        {
            SendLocked(transmit);
        }

        long next = _gatherer.NextTimeout?.Ticks ?? long.MaxValue;
        Volatile.Write(ref _nextTimeout, next);
        if (next != long.MaxValue)
        {
            _host.Timer.Schedule(new TimeSpan(next));
        }
    }

    private void SendLocked(in Transmit transmit)
    {
        ReadOnlySpan<byte> datagram = _buffer.AsSpan(0, transmit.Length);
        if (_streams.TryGetValue(transmit.Local, out TurnStream? stream))
        {
            stream.Send(datagram);
            return;
        }

        foreach (UdpSocket socket in _sockets)
        {
            if (socket.Local == transmit.Local)
            {
                socket.TrySend(datagram, transmit);
            }
        }
    }

    // In order, and without the lock: connections take their own.
    private void Tell()
    {
        while (true)
        {
            IceGathererEvent e;
            bool hasEvent;
            bool isComplete;
            bool isNewlyComplete;
            lock (_gate)
            {
                hasEvent = _gatherer.TryPollEvent(out e);
                isComplete = !hasEvent && _resolving == 0 && _gatherer.IsComplete;
                isNewlyComplete = isComplete && !_wasComplete;
                _wasComplete = hasEvent ? _wasComplete : isComplete;
            }

            switch (hasEvent, e.Type)
            {
                case (true, IceGathererEventType.CandidateFound):
                    _host.AddCandidate(e.Candidate!);
                    break;
                case (true, IceGathererEventType.CandidateLost):
                    _host.RemoveCandidate(e.Candidate!);
                    break;
                case (true, IceGathererEventType.ServerFailed):
                    _host.Warn(e.Reason!);
                    break;
                default:
                    _host.SetGatheringComplete(isComplete, isNewlyComplete);
                    return;
            }
        }
    }
}
