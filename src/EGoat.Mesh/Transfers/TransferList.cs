using System.Diagnostics.CodeAnalysis;
using EGoat.WebRtc.Tracing;

namespace EGoat.Mesh.Transfers;

/// <summary>The transfers of a room: what can be asked, what is reported, what is stored.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing.")]
internal sealed class TransferList(RoomContext room)
{
    /// <summary>Ended transfers that are kept; the store has all.</summary>
    private const int MaxEnded = 1000;

    /// <summary>Ended transfers that wait for the store; who ends one more waits.</summary>
    private const int MaxStoring = 1024;

    private readonly Lock _gate = new();
    private readonly List<TransferProgress> _transfers = [];
    private readonly SemaphoreSlim _places = new(MaxStoring);
    private readonly BackgroundTasks _storing = new(e => room.Warn(e.Message));
    private int _ended;

    public IReadOnlyList<EGoatTransfer> Snapshot()
    {
        lock (_gate)
        {
            return [.. _transfers.Select(t => t.Snapshot)];
        }
    }

    public TransferProgress Add(EGoatTransfer transfer)
    {
        room.Trace?.IfOn?.Write(TraceCategory.Transfer, $"{Describe(transfer)}: {transfer.State}, {transfer.Length} bytes");
        var progress = new TransferProgress(this, transfer, room.Time);
        lock (_gate)
        {
            _transfers.Add(progress);
        }

        room.Events.Publish(new RoomTransferChanged(transfer));
        return progress;
    }

    public void Report(EGoatTransfer transfer) => room.Events.Publish(new RoomTransferChanged(transfer));

    /// <summary>Stores an ended transfer and reports it then; waits only when many are being stored.</summary>
    public async ValueTask EndAsync(EGoatTransfer transfer)
    {
        room.Trace?.IfOn?.Write(TraceCategory.Transfer, $"{Describe(transfer)}: {transfer.State}, {transfer.BytesTransferred} bytes travelled, {transfer.BytesResumed} were there. {transfer.Error}");
        await _places.WaitAsync().ConfigureAwait(false);
        lock (_gate)
        {
            if (++_ended >= 2 * MaxEnded)
            {
                Forget();
            }
        }

        _storing.Run(() => StoreAsync(transfer));
    }

    /// <summary>Waits until everything that has ended is stored and reported.</summary>
    public Task CompleteAsync() => _storing.WhenAllAsync();

    private static string Describe(EGoatTransfer transfer) => $"{transfer.Direction} {transfer.Name} ({transfer.Peer}, {transfer.Id})";

    private async Task StoreAsync(EGoatTransfer transfer)
    {
        try
        {
            await room.Store.PutTransferAsync(transfer, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            // The file is in place, or the error known: a history that cannot be written changes neither.
            room.Events.Publish(new RoomTransferChanged(transfer));
            _places.Release();
        }
    }

    // Rarely, so that it costs each transfer little.
    private void Forget()
    {
        int surplus = _ended - MaxEnded;
        _transfers.RemoveAll(t => surplus > 0 && t.Snapshot.IsEnded && surplus-- > 0);
        _ended = MaxEnded;
    }
}
