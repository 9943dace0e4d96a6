using System.Threading.Channels;

namespace EGoat.Signaling;

/// <summary>
/// Keeps a member joined: connects, joins, and after every loss comes back, with growing pauses, for as long as it is not
/// disposed of or refused for good. Events come in order.
/// </summary>
public sealed class SignalingClient : IAsyncDisposable
{
    private const int MaxQueuedEvents = 1024;

    /// <summary>How long a server has to answer when the machine's addresses have changed.</summary>
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(5);

    private readonly SignalingClientOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<SignalingEvent> _events = Channel.CreateBounded<SignalingEvent>(MaxQueuedEvents);
    private readonly SemaphoreSlim _sending = new(1);

    /// <summary>Has an entry while <see cref="ReconnectNow"/> was called and nothing was done about it.</summary>
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private volatile ISignalingConnection? _connection;
    private ServerMessages _messages;
    private string? _ticket;
    private Task _running = Task.CompletedTask;

    private SignalingClient(SignalingClientOptions options)
    {
        _options = options;
        _time = options.Time;
        _messages = new ServerMessages(options.Peer);
    }

    /// <summary>What happens, in order; completes when nothing more can.</summary>
    public ChannelReader<SignalingEvent> Events => _events.Reader;

    /// <summary>Whether the room is joined now.</summary>
    public bool IsConnected => _connection is not null;

    /// <summary>Joins. The first <see cref="SignalingJoined"/> waits in <see cref="Events"/>.</summary>
    /// <exception cref="SignalingException">The server cannot be reached within <see cref="SignalingClientOptions.Patience"/>, or refuses.</exception>
    public static async Task<SignalingClient> ConnectAsync(SignalingClientOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var client = new SignalingClient(options);
        try
        {
            (ISignalingConnection connection, SignalingJoined joined) = await client.JoinPatientlyAsync(cancellationToken).ConfigureAwait(false);
            client._running = client.RunAsync(connection, joined);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Says something to a member. False when the server is out of reach.</summary>
    public async ValueTask<bool> SendAsync(string to, string data, CancellationToken cancellationToken)
    {
        if (_connection is not { } connection)
        {
            return false;
        }

        await SendAsync(connection, new SignalingMessage { Type = "signal", To = to, Data = data }, cancellationToken).ConfigureAwait(false);
        return _connection == connection;
    }

    /// <summary>
    /// To be called when this machine's addresses have changed: ends the present pause between attempts; a connection whose
    /// address is gone is replaced at once, another one has to show within 5 s that the server still answers.
    /// </summary>
    public void ReconnectNow() => _wakes.Writer.TryWrite(true);

    /// <summary>Leaves the room.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        if (_connection is { } connection)
        {
            await connection.CloseAsync("leaving").ConfigureAwait(false);
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _events.Writer.TryComplete();
        _stop.Dispose();
    }

    /// <summary>A server's URL without its user, query and fragment, which may be secrets.</summary>
    internal static string Display(Uri server) =>
        server.IsAbsoluteUri ? server.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/') : server.OriginalString.Split('#', '?')[0];

    private async Task RunAsync(ISignalingConnection connection, SignalingJoined joined)
    {
        try
        {
            while (true)
            {
                string reason;
                using (connection)
                {
                    _connection = connection;
                    await _events.Writer.WriteAsync(joined, _stop.Token).ConfigureAwait(false);
                    await WarnAsync().ConfigureAwait(false);
                    reason = await ReadAsync(connection).ConfigureAwait(false);
                    _connection = null;
                }

                await _events.Writer.WriteAsync(new SignalingLost(reason), _stop.Token).ConfigureAwait(false);
                if (await RejoinAsync().ConfigureAwait(false) is not { } again)
                {
                    return;
                }

                (connection, joined) = again;
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed of.
        }
        finally
        {
            _connection = null;
            connection.Dispose();
            _events.Writer.TryComplete();
        }
    }

    // Reads until the connection is lost, and says why.
    private async Task<string> ReadAsync(ISignalingConnection connection)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        string? error = null;
        try
        {
            while (true)
            {
                (string? text, string? reason) = await ReceiveAsync(connection, lost.Token).ConfigureAwait(false);
                if (text is null)
                {
                    return reason ?? error ?? "The signaling server closed the connection.";
                }

                if (_messages.Read(text) is { } e)
                {
                    await _events.Writer.WriteAsync(e, _stop.Token).ConfigureAwait(false);
                }

                error = _messages.LastError ?? error;
                await WarnAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            // Ends what is being sent and received.
            await lost.CancelAsync().ConfigureAwait(false);
        }
    }

    // The next message; or null and, unless the socket is closed, why the connection counts as lost.
    private async Task<(string? Text, string? Reason)> ReceiveAsync(ISignalingConnection connection, CancellationToken cancellationToken)
    {
        Task<string?> receiving = connection.ReceiveAsync(cancellationToken).AsTask();
        TimeSpan wait = _options.SilenceTimeout / 2;
        bool isAsked = false;
        while (true)
        {
            if (await WaitAsync(receiving, wait).ConfigureAwait(false) is not { } isWoken)
            {
                return (await receiving.ConfigureAwait(false), null);
            }

            if (isWoken ? connection.HasLostAddress : isAsked)
            {
                // What is still being received ends with the connection.
                _ = receiving.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                return (null, isWoken ? "The address that the connection to the signaling server stood on is gone." : "The signaling server does not answer.");
            }

            isAsked = true;
            wait = isWoken ? CheckTimeout : wait;
            _ = AskAsync(connection, cancellationToken);
        }
    }

    // Waits for a task, or just so long. Null when the task has ended; else whether it was woken, not late.
    private async Task<bool?> WaitAsync(Task? task, TimeSpan limit)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        Task<bool> waking = _wakes.Reader.WaitToReadAsync(end.Token).AsTask();
        Task timer = Task.Delay(limit, _time, end.Token);
        await Task.WhenAny(task ?? timer, waking, timer).ConfigureAwait(false);
        await end.CancelAsync().ConfigureAwait(false);
        if (task is { IsCompleted: true })
        {
            return null;
        }

        _stop.Token.ThrowIfCancellationRequested();
        return _wakes.Reader.TryRead(out _);
    }

    // Nothing but its answer matters.
    private async Task AskAsync(ISignalingConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(connection, new SignalingMessage { Type = "ping" }, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The connection is lost.
        }
    }

    private async Task SendAsync(ISignalingConnection connection, SignalingMessage message, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await connection.SendAsync(message.Format(), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async ValueTask WarnAsync()
    {
        if (_messages.TakeWarning() is { } warning)
        {
            await _events.Writer.WriteAsync(new SignalingWarning(warning), _stop.Token).ConfigureAwait(false);
        }
    }

    private async Task<(ISignalingConnection Connection, SignalingJoined Joined)> JoinPatientlyAsync(CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        string? told = null;
        while (true)
        {
            try
            {
                return await JoinAsync(isRejoin: false, cancellationToken).ConfigureAwait(false);
            }
            catch (SignalingException e) when (SignalingErrors.MayPass(e.Code) && _time.GetElapsedTime(start) < _options.Patience)
            {
                if (e.Code != told)
                {
                    told = e.Code;
                    _options.Retrying?.Invoke(e);
                }

                TimeSpan left = _options.Patience - _time.GetElapsedTime(start);
                TimeSpan pause = BackOff.Next(_time.GetElapsedTime(start), _options.MaxBackOff);
                await Task.Delay(pause < left ? pause : left, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Null when it is refused for good.
    private async Task<(ISignalingConnection Connection, SignalingJoined Joined)?> RejoinAsync()
    {
        long start = _time.GetTimestamp();
        long attempt = start;
        string? told = null;
        while (true)
        {
            // From the beginning of the last attempt: one that nothing answered has taken its time already.
            TimeSpan pause = BackOff.Next(_time.GetElapsedTime(start), _options.MaxBackOff) - _time.GetElapsedTime(attempt);
            await WaitAsync(null, pause > TimeSpan.Zero ? pause : TimeSpan.Zero).ConfigureAwait(false);
            attempt = _time.GetTimestamp();
            try
            {
                return await JoinAsync(isRejoin: true, _stop.Token).ConfigureAwait(false);
            }
            catch (SignalingException e) when (SignalingErrors.IsFinal(e.Code))
            {
                await _events.Writer.WriteAsync(new SignalingRefused(e.Code, e.Message), _stop.Token).ConfigureAwait(false);
                return null;
            }
            catch (SignalingException e) when (SignalingErrors.MayPass(e.Code) || e.Code == told)
            {
                // Still away; or known already.
            }
            catch (SignalingException e)
            {
                told = e.Code;
                await _events.Writer.WriteAsync(new SignalingWarning($"{e.Message} Joining is tried again."), _stop.Token).ConfigureAwait(false);
            }
        }
    }

    private async Task<(ISignalingConnection Connection, SignalingJoined Joined)> JoinAsync(bool isRejoin, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token, limit.Token);
        ISignalingConnection? connection = null;
        try
        {
            connection = await _options.Connector.ConnectAsync(_options.Server, either.Token).ConfigureAwait(false);
            var join = new SignalingMessage { Type = "join", V = SignalingLimits.Version, Room = _options.Room, Peer = _options.Peer, Ticket = _ticket, Token = SignalingUrl.FindToken(_options.Server) };
            await connection.SendAsync(join.Format(), either.Token).ConfigureAwait(false);
            string? answer = await connection.ReceiveAsync(either.Token).ConfigureAwait(false);
            var messages = new ServerMessages(_options.Peer);
            SignalingJoined joined = messages.ReadJoined(answer, _options.Server, isRejoin, out _ticket);
            _messages = messages;
            (ISignalingConnection result, connection) = (connection, null);
            return (result, joined);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested && !_stop.IsCancellationRequested)
        {
            throw new SignalingException(SignalingErrors.Unreachable, WebSocketConnector.Explain(SignalingErrors.Unreachable, _options.Server), e);
        }
        finally
        {
            connection?.Dispose();
        }
    }
}
