using System.Diagnostics.CodeAnalysis;
using EGoat.WebRtc.Tracing;

namespace EGoat.Mesh.Transfers;

/// <summary>The transfers of a room: what can be asked, what is reported, what is stored.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing.")]
internal sealed class TransferList(RoomEvents events, IRoomStore store, TimeProvider time, SubjectTrace? trace = null)
{
    /// <summary>Ended transfers that are kept; the store has all.</summary>
    private const int MaxEnded = 1000;

    /// <summary>Ended transfers that wait for the store; who ends one more waits.</summary>
    private const int MaxStoring = 1024;

    private readonly Lock _gate = new();
    private readonly List<TransferProgress> _transfers = [];
    private readonly SemaphoreSlim _places = new(MaxStoring);
    private int _ended;

    /// <summary>Transfers that are being stored, and what tells when there are none.</summary>
    private int _storing;
    private TaskCompletionSource _allStored = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<EGoatTransfer> Snapshot()
    {
        lock (_gate)
        {
            return [.. _transfers.Select(t => t.Snapshot)];
        }
    }

    public TransferProgress Add(EGoatTransfer transfer)
    {
        trace?.IfOn?.Write(TraceCategory.Transfer, $"{Describe(transfer)}: {transfer.State}, {transfer.Length} bytes");
        var progress = new TransferProgress(this, transfer, time);
        lock (_gate)
        {
            _transfers.Add(progress);
        }

        events.Publish(new RoomTransferChanged(transfer));
        return progress;
    }

    public void Report(EGoatTransfer transfer) => events.Publish(new RoomTransferChanged(transfer));

    /// <summary>Stores an ended transfer and reports it then; waits only when many are being stored.</summary>
    public async ValueTask EndAsync(EGoatTransfer transfer)
    {
        trace?.IfOn?.Write(TraceCategory.Transfer, $"{Describe(transfer)}: {transfer.State}, {transfer.BytesTransferred} bytes travelled, {transfer.BytesResumed} were there. {transfer.Error}");
        await _places.WaitAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _storing++;
            if (++_ended >= 2 * MaxEnded)
            {
                Forget();
            }
        }

        _ = StoreAsync(transfer);
    }

    /// <summary>Waits until everything that has ended is stored and reported.</summary>
    public Task CompleteAsync()
    {
        lock (_gate)
        {
            return _storing == 0 ? Task.CompletedTask : _allStored.Task;
        }
    }

    private static string Describe(EGoatTransfer transfer) => $"{transfer.Direction} {transfer.Name} ({transfer.Peer}, {transfer.Id})";

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

        events.Publish(new RoomTransferChanged(transfer));
        _places.Release();
        lock (_gate)
        {
            if (--_storing == 0)
            {
                _allStored.TrySetResult();
                _allStored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
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
