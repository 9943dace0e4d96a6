using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// The channel of one transfer, with its limit on the other side's silence and with this side's signs of life. Each wait says whom
/// it is for: for the other side (sending, receiving, <see cref="WaitAsync"/>) or for something of one's own (<see cref="Work"/>).
/// </summary>
internal sealed class TransferChannel : IDisposable
{
    private static readonly byte[] Alive = FileFrame.CreateAlive(0);

    private readonly RtcDataChannel _channel;
    private readonly SilenceWatch _watch;
    private readonly SignsOfLife? _life;
    private readonly TimeSpan? _limit;
    private readonly string _other;
    private readonly CancellationTokenSource _stop;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="channel">The channel.</param>
    /// <param name="peer">The other side.</param>
    /// <param name="other">What the other side is called in reasons: the sender or the receiver.</param>
    /// <param name="limit">The silence that this side asks for; null for none in particular.</param>
    /// <param name="pause">Whether the transfer is paused.</param>
    /// <param name="room">The room.</param>
    /// <param name="stop">Ends every wait; cancelled when the other side is silent for too long.</param>
    public TransferChannel(RtcDataChannel channel, Peer peer, string other, TimeSpan? limit, PauseGate pause, RoomContext room, CancellationTokenSource stop)
    {
        (_channel, _other, _limit, _stop) = (channel, other, limit, stop);
        MaxPayload = peer.MaxFrameLength - FileFrame.DataHeaderLength;
        _watch = new SilenceWatch(limit, pause, room.Time, HandleSilence);
        pause.Resumed = _watch.Heard;
        if (peer.HasFeature(ControlMessage.AliveFeature))
        {
            _life = new SignsOfLife(TellAliveAsync, () => _watch.Limit, room.Time, room.Background);
        }
    }

    /// <summary>The most content of a DATA frame towards this peer, in bytes.</summary>
    public int MaxPayload { get; }

    /// <summary>Why the transfer ends, when that is the other side's silence.</summary>
    public TransferException? Silence { get; private set; }

    /// <summary>Called when the other side tells that it is at work.</summary>
    public Action? OtherIsAlive { get; set; }

    /// <summary>Cancelled when the transfer ends.</summary>
    public CancellationToken Stopped => _stop.Token;

    /// <summary>Tells the silence that this side asks for, if it does and the other side reads it.</summary>
    public ValueTask AskForLimitAsync() =>
        _life is null || _limit is not { } limit ? ValueTask.CompletedTask : SendAsync(FileFrame.CreateAlive((int)Math.Clamp(limit.TotalSeconds, 1, SilenceWatch.MaxLimit.TotalSeconds)));

    /// <summary>Sends a frame, as soon as the other side leaves room for it.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> frame) => WaitForRoomAsync(_channel.SendAsync(frame, isText: false, _stop.Token));

    /// <summary>Sends a frame of two parts, of which the second is lent (<see cref="RtcDataChannel"/>).</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body, IDisposable lease) =>
        WaitForRoomAsync(_channel.SendAsync(head, body, lease, _stop.Token));

    /// <summary>The next message, which the other side is waited for; null when the channel is closed. It interrupts <see cref="Work"/>.</summary>
    /// <exception cref="TransferException">The message is a text.</exception>
    public async ValueTask<RtcMessage?> ReceiveAsync()
    {
        while (true)
        {
            ValueTask<RtcMessage?> receiving = _channel.ReceiveAsync(_stop.Token);
            RtcMessage? message = receiving.IsCompleted ? await receiving.ConfigureAwait(false) : await ReceiveSlowlyAsync(receiving).ConfigureAwait(false);
            if (message is { IsText: true })
            {
                message.Dispose();
                throw OutOfPlace();
            }

            if (message is null || !TryHandleAlive(message.Data.Span))
            {
                return message;
            }

            message.Dispose();
        }
    }

    /// <summary>The next message, for a reader that nobody waits for: it has no limit.</summary>
    public async ValueTask<RtcMessage?> ReceiveAnyTimeAsync()
    {
        RtcMessage? message = await _channel.ReceiveAsync(CancellationToken.None).ConfigureAwait(false);
        _watch.Heard();
        return message;
    }

    /// <summary>Waits for the other side until a condition is true; <see cref="NoteChange"/> has it looked at again.</summary>
    /// <param name="until">The condition.</param>
    /// <param name="reason">Makes the reason for people from the limit, when the other side is silent for too long.</param>
    /// <param name="atLeast">A longer limit than the agreed one for this wait.</param>
    public ValueTask WaitAsync(Func<bool> until, Func<TimeSpan, string> reason, TimeSpan atLeast = default) =>
        until() ? ValueTask.CompletedTask : new ValueTask(WaitSlowlyAsync(until, reason, atLeast));

    /// <summary>What is waited for may have come.</summary>
    public void NoteChange() => Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Takes a frame in which the other side tells that it is alive, and perhaps asks for a limit; false when it is another frame.</summary>
    public bool TryHandleAlive(ReadOnlySpan<byte> bytes)
    {
        if (bytes is not [(byte)FileFrameType.Alive, ..] || !FileFrame.TryParse(bytes, out FileFrame frame))
        {
            return false;
        }

        if (frame.Seconds > 0)
        {
            _watch.HandleRequest(frame.Seconds);
            _life?.Hurry();
        }

        OtherIsAlive?.Invoke();
        return true;
    }

    /// <summary>Ends a transfer whose sender keeps no order.</summary>
    public static TransferException OutOfPlace() => new("The sender broke the transfer protocol: a frame out of place.");

    /// <summary>Until the result is disposed of this side is at work, or waits for something of its own.</summary>
    public Working Work()
    {
        _life?.Begin();
        return new Working(_life);
    }

    /// <summary>Closes the channel and discards what comes until the other side has closed it too.</summary>
    public Task CloseAndDiscardAsync() => _channel.CloseAndDiscardAsync();

    /// <summary>Discards what comes until the other side closes the channel.</summary>
    public Task DiscardAsync() => _channel.DiscardAsync();

    /// <summary>Closes the channel; what was queued is delivered first.</summary>
    public void Close() => _channel.Close();

    public void Dispose()
    {
        _watch.Dispose();
        _life?.Dispose();
    }

    private async ValueTask<RtcMessage?> ReceiveSlowlyAsync(ValueTask<RtcMessage?> receiving)
    {
        _life?.End();
        _watch.Begin(static limit => $"No data came for {limit.TotalSeconds:0} seconds.");
        try
        {
            return await receiving.ConfigureAwait(false);
        }
        finally
        {
            _watch.End();
            _life?.Begin();
        }
    }

    private ValueTask WaitForRoomAsync(ValueTask sending) => sending.IsCompletedSuccessfully ? sending : new ValueTask(WaitForRoomAsync(sending.AsTask()));

    private async Task WaitForRoomAsync(Task sending)
    {
        _watch.Begin(limit => $"{_other} has taken nothing for {limit.TotalSeconds:0} seconds.");
        try
        {
            await sending.ConfigureAwait(false);
        }
        finally
        {
            _watch.End();
        }
    }

    private async Task WaitSlowlyAsync(Func<bool> until, Func<TimeSpan, string> reason, TimeSpan atLeast)
    {
        _watch.Begin(reason, atLeast);
        try
        {
            while (true)
            {
                Task changed = Volatile.Read(ref _changed).Task;
                if (until())
                {
                    return;
                }

                await changed.WaitAsync(_stop.Token).ConfigureAwait(false);
            }
        }
        finally
        {
            _watch.End();
        }
    }

    private void HandleSilence(string reason)
    {
        Silence = new TransferException(reason);
        _stop.Cancel();
    }

    private async Task TellAliveAsync()
    {
        try
        {
            await _channel.SendAsync(Alive, isText: false, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RtcException or OperationCanceledException)
        {
            // The transfer has ended; who runs it knows why.
        }
    }

    /// <summary>A time in which this side is at work.</summary>
    internal readonly struct Working(SignsOfLife? life) : IDisposable
    {
        public void Dispose() => life?.End();
    }
}
