namespace EGoat.Mesh;

/// <summary>
/// Stores messages, and again until it works: another program may hold the database, its disk may be full. What cannot be stored
/// yet is kept in memory, in bounds.
/// </summary>
internal sealed class MessageKeeper(RoomContext room)
{
    /// <summary>Messages that may wait for a store that does not take them.</summary>
    private const int MaxWaiting = 1000;

    /// <summary>Characters of them in all.</summary>
    private const long MaxWaitingLength = 16 * 1024 * 1024;

    /// <summary>A message that is not stored by then is shown, or sent, all the same.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Identity, string Id), Task<EGoatMessage>> _keeping = [];
    private int _waiting;
    private long _waitingLength;

    /// <summary>Stores a message. The same (identity, id) is stored once, however often it is asked for.</summary>
    /// <returns>
    /// The message as it was stored; completes when it is. Cancelled when the room is left before; fails with
    /// <see cref="RoomException"/> when too many wait.
    /// </returns>
    public Task<EGoatMessage> KeepAsync(EGoatMessage message)
    {
        (string, string) key = (message.FromIdentity, message.Id);
        TaskCompletionSource<EGoatMessage> source;
        lock (_gate)
        {
            if (_keeping.TryGetValue(key, out Task<EGoatMessage>? keeping))
            {
                return keeping;
            }

            source = new TaskCompletionSource<EGoatMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
            _keeping[key] = source.Task;
        }

        // Given to the store before anything else is: texts are stored in the order in which they come.
        Task<EGoatMessage> first = StoreAsync(message);
        room.Background.Run(() => KeepAsync(message, key, source, first));
        return source.Task;
    }

    /// <summary>Waits for what <see cref="KeepAsync(EGoatMessage)"/> returned, but not for long: what is said is shown even when it cannot be stored.</summary>
    /// <param name="keeping">What is waited for.</param>
    /// <param name="since">When it began, as the timestamp of the room's clock.</param>
    /// <returns>The message as it was stored; null when it is not yet.</returns>
    public async Task<EGoatMessage?> WaitAsync(Task<EGoatMessage> keeping, long since)
    {
        TimeSpan left = Patience - room.Time.GetElapsedTime(since);
        if (!keeping.IsCompleted && left > TimeSpan.Zero)
        {
            using var stop = new CancellationTokenSource();
            await Task.WhenAny(keeping, Task.Delay(left, room.Time, stop.Token)).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
        }

        return keeping.IsCompletedSuccessfully ? await keeping.ConfigureAwait(false) : null;
    }

    /// <summary>Waits until everything that was given is stored, but not for long.</summary>
    /// <returns>How many messages are in memory alone.</returns>
    public async Task<int> FlushAsync()
    {
        Task[] keeping;
        lock (_gate)
        {
            keeping = [.. _keeping.Values];
        }

        using var stop = new CancellationTokenSource();
        await Task.WhenAny(Task.WhenAll(keeping), Task.Delay(Patience, room.Time, stop.Token)).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        return keeping.Count(k => !k.IsCompletedSuccessfully);
    }

    private async Task<EGoatMessage> StoreAsync(EGoatMessage message)
    {
        (EGoatMessage stored, _) = await room.Store.AddMessageAsync(message, room.Left.Token).ConfigureAwait(false);
        return stored with { Kept = true };
    }

    private async Task KeepAsync(EGoatMessage message, (string, string) key, TaskCompletionSource<EGoatMessage> source, Task<EGoatMessage> attempt)
    {
        bool isWaiting = false;
        try
        {
            for (TimeSpan delay = FirstRetryDelay; ; delay = delay * 2 < MaxRetryDelay ? delay * 2 : MaxRetryDelay)
            {
                try
                {
                    source.TrySetResult(await attempt.ConfigureAwait(false));
                    return;
                }
#pragma warning disable CA1031 // The store's own exceptions, whatever they are: it is tried again.
                catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
                {
                    if (!isWaiting && !TryWait(message, e.Message))
                    {
                        source.TrySetException(new RoomException($"{MaxWaiting} messages wait for the history; this one is not kept. {e.Message}", e));
                        return;
                    }

                    isWaiting = true;
                }

                if (!await room.DelayAsync(delay).ConfigureAwait(false))
                {
                    source.TrySetCanceled();
                    return;
                }

                attempt = StoreAsync(message);
            }
        }
        catch (OperationCanceledException)
        {
            source.TrySetCanceled();
        }
        finally
        {
            _ = source.Task.Exception; // whoever does not ask need not know
            End(message, key, isWaiting);
        }
    }

    private bool TryWait(EGoatMessage message, string reason)
    {
        bool isFirst;
        lock (_gate)
        {
            if (_waiting >= MaxWaiting || _waitingLength + message.Text.Length > MaxWaitingLength)
            {
                return false;
            }

            isFirst = _waiting++ == 0;
            _waitingLength += message.Text.Length;
        }

        if (isFirst)
        {
            room.Warn($"The history cannot be written: {reason} Messages are kept in memory until it can.");
        }

        return true;
    }

    private void End(EGoatMessage message, (string, string) key, bool wasWaiting)
    {
        bool isLast = false;
        lock (_gate)
        {
            _keeping.Remove(key);
            if (wasWaiting)
            {
                _waitingLength -= message.Text.Length;
                isLast = --_waiting == 0;
            }
        }

        if (isLast && !room.IsLeft)
        {
            room.Warn("The history is written again; nothing is in memory alone.");
        }
    }
}
