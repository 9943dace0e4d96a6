using System.Threading.Channels;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Statistics;

namespace EGoat.WebRtc.Sockets;

/// <summary>
/// A <see cref="PeerConnection"/> on the sockets of its host. Thread-safe. What happens is read in order from
/// <see cref="Events"/>; nobody's code runs on a receiving or timer thread.
/// </summary>
public sealed class RtcConnection : IAsyncDisposable, ITimed
{
    /// <summary>Events that wait to be read; a peer that opens channels faster than they are read has the excess closed.</summary>
    private const int MaxEvents = 1024;

    private readonly IConnectionHost _host;
    private readonly PeerConnection _engine;

    /// <summary>Held while the engine works, never over anything that waits, the kernel's send included.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<DataChannel, RtcDataChannel> _channels = [];
    private readonly Channel<RtcEvent> _events = Channel.CreateBounded<RtcEvent>(new BoundedChannelOptions(MaxEvents) { SingleReader = true });
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _nextTimeout = long.MaxValue;
    private string? _ufrag;

    /// <summary>Before the last restart of ICE: the peer uses it until it has heard of that.</summary>
    private string? _previousUfrag;

    /// <summary>A thread is sending what the engine has produced. What others add meanwhile it sends too.</summary>
    private bool _isFlushing;
    private bool _isDisposed;
    private bool _isEngineDisposed;

    internal RtcConnection(IConnectionHost host, PeerConnection engine)
    {
        _host = host;
        _engine = engine;
        _ = _connected.Task.Exception; // observed: nobody has to wait for it
    }

    /// <summary>State changes and channels that the peer opens, in order. Completes when the connection has ended.</summary>
    public ChannelReader<RtcEvent> Events => _events.Reader;

    /// <summary>Completes when channels work; fails with <see cref="RtcException"/> if that never happens.</summary>
    public Task Connected => _connected.Task;

    /// <summary>The present state.</summary>
    public PeerConnectionState State => Read(static e => e.State);

    /// <summary>Why it failed, or what the peer gave as its reason to close it; else null.</summary>
    public string? EndReason => Read(static e => e.EndReason);

    /// <summary>The peer's certificate in DER, as DTLS verified it; empty until connected.</summary>
    public ReadOnlyMemory<byte> RemoteCertificate => Read(static e => e.RemoteCertificate);

    /// <summary>The address of the peer's end; null until there is a path.</summary>
    public TransportAddress? RemoteAddress => Read(static e => e.RemoteAddress);

    /// <summary>The longest message that the peer accepts, in bytes.</summary>
    public long MaxMessageSize => Read(static e => e.MaxMessageSize);

    /// <summary>The smoothed round-trip time; null until measured.</summary>
    public TimeSpan? RoundTripTime => Read(static e => e.RoundTripTime);

    /// <summary>What the connection has done so far (W3C getStats).</summary>
    public PeerConnectionStats GetStats() => Read(e => e.GetStats(_host.Now));

    TimeSpan ITimed.NextTimeout => new(Volatile.Read(ref _nextTimeout));

    /// <summary>
    /// The next <see cref="CreateOffer"/> begins a new ICE session (W3C restartIce): for when <see cref="IRtcHost.NetworkChanged"/>
    /// says so, or the state is <see cref="PeerConnectionState.Disconnected"/>. The connection and its channels go on.
    /// </summary>
    public void RestartIce()
    {
        lock (_gate)
        {
            _engine.RestartIce();
        }
    }

    /// <summary>Makes the offer, or another one after <see cref="RestartIce"/>. The candidates known so far stand in it, later ones come as events.</summary>
    /// <exception cref="InvalidOperationException">A description was made before, or the connection has ended.</exception>
    public string CreateOffer() => Describe(static (e, now, _) => e.CreateOffer(now), "");

    /// <summary>Takes the peer's offer, the first or one that restarts ICE, and returns the answer.</summary>
    /// <exception cref="FormatException">The offer cannot be used.</exception>
    /// <exception cref="InvalidOperationException">An offer of this side waits for its answer, or the connection has ended.</exception>
    public string AcceptOffer(string sdp) => Describe(static (e, now, sdp) => e.AcceptOffer(now, sdp), sdp);

    /// <summary>Takes the peer's answer.</summary>
    /// <exception cref="FormatException">The answer cannot be used.</exception>
    /// <exception cref="InvalidOperationException">No offer waits for one.</exception>
    public void AcceptAnswer(string sdp)
    {
        lock (_gate)
        {
            _engine.AcceptAnswer(_host.Now, sdp);
        }

        Flush();
    }

    /// <summary>Takes a candidate of the peer; "" when there are no more. False when it cannot be used.</summary>
    public bool AddRemoteCandidate(string candidate)
    {
        bool isUsed;
        lock (_gate)
        {
            isUsed = _engine.AddRemoteCandidate(_host.Now, candidate);
        }

        Flush();
        return isUsed;
    }

    /// <summary>Creates a channel; it opens with the connection.</summary>
    /// <exception cref="RtcException">The connection has ended.</exception>
    public RtcDataChannel CreateDataChannel(string label, DataChannelOptions? options = null)
    {
        RtcDataChannel channel;
        lock (_gate)
        {
            if (_engine.State is PeerConnectionState.Failed or PeerConnectionState.Closed)
            {
                throw new RtcException(DescribeEnd());
            }

            channel = Wrap(_engine.CreateDataChannel(_host.Now, label, options));
        }

        Flush();
        return channel;
    }

    /// <summary>Ends the connection and tells the peer.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return ValueTask.CompletedTask;
            }

            _isDisposed = true;
            _engine.Close();
        }

        Flush();
        _host.Remove(this);
        _connected.TrySetException(new RtcException("The connection was closed."));
        _events.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    internal bool IsValidatedRemote(TransportAddress remote)
    {
        lock (_gate)
        {
            return _engine.IsValidatedRemote(remote);
        }
    }

    /// <summary>A candidate was found after the connection was created. The peer hears of it, or at the next restart if it was told that there are no more.</summary>
    internal void AddLocalCandidate(IceCandidate candidate)
    {
        lock (_gate)
        {
            if (_isDisposed || !_engine.AddLocalCandidate(_host.Now, candidate))
            {
                return;
            }

            if (!_engine.HasLocalEndOfCandidates)
            {
                ReportCandidate(_engine.DescribeCandidate(candidate));
            }
        }

        Flush();
    }

    internal void RemoveLocalCandidate(IceCandidate candidate)
    {
        lock (_gate)
        {
            _engine.RemoveLocalCandidate(candidate);
        }
    }

    /// <summary>No more candidates come.</summary>
    internal void EndLocalCandidates()
    {
        lock (_gate)
        {
            if (!_isDisposed && !_engine.HasLocalEndOfCandidates)
            {
                _engine.HasLocalEndOfCandidates = true;
                ReportCandidate("");
            }
        }
    }

    /// <summary>Hands a datagram to the engine; <see cref="Flush"/> follows when the batch is done.</summary>
    internal void HandleDatagram(TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _engine.HandleDatagram(_host.Now, local, remote, datagram);
            }
        }
    }

    void ITimed.HandleTimeout()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _engine.HandleTimeout(_host.Now);
        }

        Flush();
    }

    /// <summary>
    /// Sends what the engine has produced and reports what has happened. The lock is free while the kernel sends; when another
    /// thread is at it, that one does the rest.
    /// </summary>
    internal void Flush()
    {
        if (TryBeginFlush())
        {
            byte[] buffer = _host.SendBuffers.Rent();
            while (TryPollTransmit(buffer, out Transmit transmit))
            {
                _host.Send(this, transmit, buffer);
            }

            _host.SendBuffers.Return(buffer);
        }
    }

    /// <summary>Runs something on a channel under the connection's lock, then sends what it has produced.</summary>
    internal TResult Use<TState, TResult>(TState state, Func<TState, TimeSpan, TResult> action)
        where TState : allows ref struct
    {
        TResult result;
        lock (_gate)
        {
            result = action(state, _host.Now);
        }

        Flush();
        return result;
    }

    internal string DescribeEnd() => _engine.EndReason ?? "The connection was closed.";

    private T Read<T>(Func<PeerConnection, T> read)
    {
        lock (_gate)
        {
            return read(_engine);
        }
    }

    private string Describe(Func<PeerConnection, TimeSpan, string, string> describe, string argument)
    {
        string description;
        lock (_gate)
        {
            description = describe(_engine, _host.Now, argument);
            if (_ufrag != _engine.LocalUsernameFragment)
            {
                _host.Register(_engine.LocalUsernameFragment!, _previousUfrag, this);
                (_previousUfrag, _ufrag) = (_ufrag, _engine.LocalUsernameFragment);
            }
        }

        Flush();
        return description;
    }

    private bool TryBeginFlush()
    {
        lock (_gate)
        {
            bool isMine = !_isFlushing && !_isEngineDisposed;
            _isFlushing |= isMine;
            return isMine;
        }
    }

    // False, and the flush is over: whatever is produced from here on begins a new one.
    private bool TryPollTransmit(byte[] buffer, out Transmit transmit)
    {
        lock (_gate)
        {
            if (_engine.TryPollTransmit(_host.Now, buffer, out transmit))
            {
                return true;
            }

            _isFlushing = false;
            ReportEvents();
            if (_isDisposed)
            {
                _isEngineDisposed = true;
                _engine.Dispose();
            }

            return false;
        }
    }

    private void ReportEvents()
    {
        while (_engine.TryPollEvent(out PeerConnectionEvent e))
        {
            Report(e);
        }

        long next = _engine.NextTimeout?.Ticks ?? long.MaxValue;
        Volatile.Write(ref _nextTimeout, next);
        if (next != long.MaxValue)
        {
            _host.Schedule(new TimeSpan(next));
        }
    }

    private void Report(in PeerConnectionEvent e)
    {
        if (e.Type == PeerConnectionEventType.Channel)
        {
            ReportChannel(e.Channel);
        }
        else if (e.Type == PeerConnectionEventType.StateChanged)
        {
            _events.Writer.TryWrite(new RtcEvent(e.State, e.State is PeerConnectionState.Failed or PeerConnectionState.Closed ? _engine.EndReason : null, null));
            switch (e.State)
            {
                case PeerConnectionState.Connected:
                    _connected.TrySetResult();
                    break;
                case PeerConnectionState.Failed or PeerConnectionState.Closed:
                    _connected.TrySetException(new RtcException(DescribeEnd()));
                    _events.Writer.TryComplete();
                    break;
                default:
                    break;
            }
        }
    }

    // Before there is a description, what is known stands in it.
    private void ReportCandidate(string candidate)
    {
        if (_engine.LocalUsernameFragment is not null)
        {
            _events.Writer.TryWrite(new RtcEvent(_engine.State, null, null, candidate));
        }
    }

    private void ReportChannel(in DataChannelEvent e)
    {
        if (e.Type == DataChannelEventType.Incoming)
        {
            RtcDataChannel incoming = Wrap(e.Channel);
            if (!_events.Writer.TryWrite(new RtcEvent(_engine.State, null, incoming)))
            {
                e.Channel.Close();
            }
        }
        else if (_channels.TryGetValue(e.Channel, out RtcDataChannel? channel))
        {
            channel.Report(e.Type);
            if (e.Channel.ReadyState == DataChannelState.Closed)
            {
                _channels.Remove(e.Channel);
            }
        }
    }

    private RtcDataChannel Wrap(DataChannel channel)
    {
        if (!_channels.TryGetValue(channel, out RtcDataChannel? wrapped))
        {
            wrapped = _channels[channel] = new RtcDataChannel(this, channel);
        }

        return wrapped;
    }
}
