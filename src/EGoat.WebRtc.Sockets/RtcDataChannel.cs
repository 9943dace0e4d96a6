using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;

namespace EGoat.WebRtc.Sockets;

/// <summary>
/// A data channel whose sending waits while much is queued and whose receiving holds the peer back while nobody reads.
/// Thread-safe; one reader at a time.
/// </summary>
public sealed class RtcDataChannel
{
    /// <summary>Bytes queued beyond which <see cref="SendAsync(ReadOnlyMemory{byte}, bool, CancellationToken)"/> waits.</summary>
    public const long SendBufferLimit = 4 * 1024 * 1024;

    private readonly RtcConnection _connection;
    private readonly DataChannel _channel;
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completed when there may be something to read, or room to write; replaced by whoever waits.</summary>
    private TaskCompletionSource? _readable;
    private TaskCompletionSource? _writable;

    internal RtcDataChannel(RtcConnection connection, DataChannel channel)
    {
        _connection = connection;
        _channel = channel;
        _channel.BufferedAmountLowThreshold = SendBufferLimit / 2;
        _ = _opened.Task.Exception;
        if (channel.ReadyState == DataChannelState.Open)
        {
            _opened.TrySetResult();
        }
    }

    /// <summary>The name that its opener gave it.</summary>
    public string Label => _channel.Label;

    /// <summary>The subprotocol that its opener named.</summary>
    public string Protocol => _channel.Options.Protocol;

    /// <summary>The longest message that the peer accepts, in bytes.</summary>
    public long MaxMessageSize => _connection.MaxMessageSize;

    /// <summary>Completes when messages can be sent; fails with <see cref="RtcException"/> if that never happens.</summary>
    public Task Opened => _opened.Task;

    /// <summary>Completes when the channel is closed, by whichever side.</summary>
    public Task Closed => _closed.Task;

    /// <summary>The state.</summary>
    public DataChannelState ReadyState => _connection.Use(_channel, static (c, _) => c.ReadyState);

    /// <summary>Bytes given to <see cref="SendAsync(ReadOnlyMemory{byte}, bool, CancellationToken)"/> that have not been sent yet.</summary>
    public long BufferedAmount => _connection.Use(_channel, static (c, _) => c.BufferedAmount);

    /// <summary>
    /// Queues a message; waits before that until the channel is open, and while more than <see cref="SendBufferLimit"/>
    /// bytes are queued. The bytes are copied.
    /// </summary>
    /// <exception cref="RtcException">The channel is closed, or closes meanwhile.</exception>
    /// <exception cref="ArgumentException">The message is longer than the peer accepts.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> data, bool isText, CancellationToken cancellationToken = default) => SendAsync(data, default, null, isText, cancellationToken);

    /// <summary>Queues a binary message of two parts, of which the second is not copied; waits like the other.</summary>
    /// <param name="head">Its beginning.</param>
    /// <param name="body">What follows; it stays as it is until <paramref name="lease"/> is disposed of.</param>
    /// <param name="lease">
    /// Disposed of when the peer has acknowledged the message, or it was given up or not queued; at the end of the connection it may be
    /// left to the garbage collector.
    /// </param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="RtcException">The channel is closed, or closes meanwhile.</exception>
    /// <exception cref="ArgumentException">The message is longer than the peer accepts.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body, IDisposable lease, CancellationToken cancellationToken = default)
    {
        try
        {
            await SendAsync(head, body, lease, isText: false, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>The next message, to be disposed of; null when the channel is closed and everything was read.</summary>
    public async ValueTask<RtcMessage?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            (RtcMessage? message, Task? wait) = TryReceive();
            if (wait is null)
            {
                return message;
            }

            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Closes the channel; what was queued is delivered first.</summary>
    public void Close() => _connection.Use(_channel, static (c, _) =>
    {
        c.Close();
        return true;
    });

    /// <summary>Called under the connection's lock. The channel may have closed since what is reported; nothing is reported afterwards.</summary>
    internal void Report(DataChannelEventType type)
    {
        if (_channel.ReadyState == DataChannelState.Closed)
        {
            _opened.TrySetException(new RtcException(_connection.DescribeEnd()));
            _closed.TrySetResult();
            Release(ref _readable);
            Release(ref _writable);
            return;
        }

        switch (type)
        {
            case DataChannelEventType.StateChanged when _channel.ReadyState == DataChannelState.Open:
                _opened.TrySetResult();
                break;
            case DataChannelEventType.StateChanged:
                Release(ref _writable);
                break;
            case DataChannelEventType.MessageAvailable:
                Release(ref _readable);
                break;
            case DataChannelEventType.BufferedAmountLow:
                Release(ref _writable);
                break;
            default:
                break;
        }
    }

    private static void Release(ref TaskCompletionSource? waiter)
    {
        waiter?.TrySetResult();
        waiter = null;
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body, IDisposable? lease, bool isText, CancellationToken cancellationToken)
    {
        if (!_opened.Task.IsCompletedSuccessfully)
        {
            await _opened.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        while (TrySend(new SctpPayload(head.Span, body, lease), isText) is { } wait)
        {
            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // Null: queued. Else what to wait for before trying again.
    private Task? TrySend(SctpPayload data, bool isText) => _connection.Use(new SendState(this, data, isText), static (s, now) => s.Channel.SendLocked(now, s.Data, s.IsText));

    private Task? SendLocked(TimeSpan now, SctpPayload data, bool isText)
    {
        if (_channel.ReadyState is DataChannelState.Closing or DataChannelState.Closed)
        {
            throw new RtcException($"The data channel '{Label}' is closed. {_connection.DescribeEnd()}");
        }

        if (_channel.BufferedAmount > SendBufferLimit)
        {
            _writable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _writable.Task;
        }

        _channel.Send(now, data, isText);
        return null;
    }

    private (RtcMessage? Message, Task? Wait) TryReceive() => _connection.Use(this, static (c, _) => c.ReceiveLocked());

    private (RtcMessage? Message, Task? Wait) ReceiveLocked()
    {
        if (_channel.TryReceive(out DataChannelMessage message))
        {
            return (new RtcMessage(message), null);
        }

        if (_channel.ReadyState == DataChannelState.Closed)
        {
            return (null, null);
        }

        _readable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (null, _readable.Task);
    }

    private readonly ref struct SendState(RtcDataChannel channel, SctpPayload data, bool isText)
    {
        public RtcDataChannel Channel { get; } = channel;

        public SctpPayload Data { get; } = data;

        public bool IsText { get; } = isText;
    }
}
