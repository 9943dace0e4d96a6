namespace EGoat.Mesh.Transfers;

/// <summary>The transfers of a room: what can be asked, what is reported, what is stored.</summary>
internal sealed class TransferList(RoomEvents events, IRoomStore store)
{
    /// <summary>Ended transfers that are kept; the store has all.</summary>
    private const int MaxEnded = 1000;

    private readonly Lock _gate = new();
    private readonly List<TransferProgress> _transfers = [];
    private readonly HashSet<Task> _storing = [];

    public IReadOnlyList<EGoatTransfer> Snapshot()
    {
        lock (_gate)
        {
            return [.. _transfers.Select(t => t.Snapshot)];
        }
    }

    public TransferProgress Add(EGoatTransfer transfer)
    {
        var progress = new TransferProgress(this, transfer);
        lock (_gate)
        {
            _transfers.Add(progress);
            int ended = _transfers.Count(t => t.Snapshot.IsEnded);
            for (int i = 0; ended > MaxEnded; ended--)
            {
                i = _transfers.FindIndex(i, t => t.Snapshot.IsEnded);
                _transfers.RemoveAt(i);
            }
        }

        events.Publish(new RoomTransferChanged(transfer));
        return progress;
    }

    public void Report(EGoatTransfer transfer) => events.Publish(new RoomTransferChanged(transfer));

    /// <summary>Stores an ended transfer, then reports it.</summary>
    public async Task EndAsync(EGoatTransfer transfer)
    {
        Task storing = StoreAsync(transfer);
        lock (_gate)
        {
            _storing.Add(storing);
        }

        await storing.ConfigureAwait(false);
        lock (_gate)
        {
            _storing.Remove(storing);
        }
    }

    /// <summary>Waits until everything that has ended is stored.</summary>
    public async Task CompleteAsync()
    {
        Task[] storing;
        lock (_gate)
        {
            storing = [.. _storing];
        }

        await Task.WhenAll(storing).ConfigureAwait(false);
    }

    private async Task StoreAsync(EGoatTransfer transfer)
    {
        try
        {
            await store.PutTransferAsync(transfer, CancellationToken.None).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The file is in place, or the error known: a history that cannot be written changes neither.
        catch (Exception e)
#pragma warning restore CA1031
        {
            events.Publish(new RoomWarning(e.Message));
        }

        await events.PublishAsync(new RoomTransferChanged(transfer)).ConfigureAwait(false);
    }
}
