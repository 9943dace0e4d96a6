namespace EGoat.Mesh;

/// <summary>Writes outcomes of texts to the store, many at once, and tells of them. The store need not keep up at once.</summary>
internal sealed class DeliveryLog(RoomContext room)
{
    /// <summary>Outcomes that may wait for the store; the newest beyond it are told and not stored.</summary>
    private const int MaxWaiting = 65_536;
    private const int MaxBatch = 1000;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Queue<EGoatDelivery> _waiting = new();
    private Task _writing = Task.CompletedTask;
    private bool _isWriting;

    /// <summary>Tells of an outcome and has it stored. Who has no identity yet cannot be stored.</summary>
    public void Add(EGoatDelivery delivery, bool isTold = true)
    {
        if (isTold)
        {
            room.Events.Publish(new RoomDeliveryChanged(delivery));
        }

        if (delivery.PeerIdentity.Length == 0)
        {
            return;
        }

        lock (_gate)
        {
            if (_waiting.Count < MaxWaiting)
            {
                _waiting.Enqueue(delivery);
            }

            if (!_isWriting)
            {
                _isWriting = true;
                _writing = Task.Run(WriteAsync);
            }
        }
    }

    /// <summary>Completes when what was added is stored.</summary>
    public Task WhenStoredAsync()
    {
        lock (_gate)
        {
            return _writing;
        }
    }

    // Ends when nothing waits. After the room was left, what cannot be stored at once is not.
    private async Task WriteAsync()
    {
        while (true)
        {
            EGoatDelivery[] batch;
            lock (_gate)
            {
                batch = [.. _waiting.Take(MaxBatch)];
                if (batch.Length == 0)
                {
                    _isWriting = false;
                    return;
                }
            }

            bool isStored = await TryWriteAsync(batch).ConfigureAwait(false);
            if (!isStored && await room.DelayAsync(RetryDelay).ConfigureAwait(false))
            {
                continue;
            }

            lock (_gate)
            {
                for (int i = 0; i < batch.Length; i++)
                {
                    _waiting.Dequeue();
                }
            }
        }
    }

    private async Task<bool> TryWriteAsync(EGoatDelivery[] batch)
    {
        try
        {
            await room.Store.PutDeliveriesAsync(batch, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
#pragma warning disable CA1031 // The keeper of messages tells of a store that does not work; outcomes follow when it does.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }
}
