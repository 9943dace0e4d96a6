using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>Progress records of transfers, a few below one of all together; written on the pipeline thread.</summary>
internal sealed class TransferProgressView(EGoatCmdlet cmdlet, string activity, EGoatDirection direction)
{
    /// <summary>The record of all transfers together.</summary>
    private const int ParentId = 0;

    /// <summary>Files that have a record of their own at once.</summary>
    private const int MaxShown = 5;

    private readonly Dictionary<string, int> _shown = [];
    private int _nextId = ParentId + 1;
    private int _ended;

    /// <summary>Shows events until something completes.</summary>
    public void Run(RoomSubscription events, Task until)
    {
        using var ended = new CancellationTokenSource();
        _ = until.ContinueWith(_ => ended.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        IAsyncEnumerator<RoomEvent> stream = events.ReadAllAsync(ended.Token).GetAsyncEnumerator(ended.Token);
        try
        {
            while (cmdlet.WaitFor(stream.MoveNextAsync().AsTask()))
            {
                if (stream.Current is RoomTransferChanged { Transfer: var transfer })
                {
                    Show(transfer);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // All transfers have ended.
        }
        finally
        {
            stream.DisposeAsync().AsTask().GetAwaiter().GetResult();
            Complete();
        }
    }

    /// <summary>Shows a transfer as it is now.</summary>
    public void Show(EGoatTransfer transfer)
    {
        if (transfer.Direction != direction)
        {
            return;
        }

        string key = $"{transfer.Id}/{transfer.Name}/{transfer.PeerIdentity}";
        if (transfer.IsEnded)
        {
            _ended++;
            if (_shown.Remove(key, out int id))
            {
                Write(Describe(transfer, id), ProgressRecordType.Completed);
            }

            Write(new ProgressRecord(ParentId, activity, $"{_ended} done"), ProgressRecordType.Processing);
        }
        else if (_shown.TryGetValue(key, out int id))
        {
            Write(Describe(transfer, id), ProgressRecordType.Processing);
        }
        else if (_shown.Count < MaxShown && transfer.State == EGoatTransferState.Active && transfer.Length != 0)
        {
            _shown[key] = _nextId;
            Write(Describe(transfer, _nextId++), ProgressRecordType.Processing);
        }
    }

    /// <summary>Takes all records away: the last events may still be on their way.</summary>
    public void Complete()
    {
        foreach ((string key, int id) in _shown)
        {
            Write(new ProgressRecord(id, key, "Done"), ProgressRecordType.Completed);
        }

        _shown.Clear();
        Write(new ProgressRecord(ParentId, activity, "Done"), ProgressRecordType.Completed);
    }

    /// <summary>Text from a peer, without what could move the cursor or hide itself.</summary>
    public static string Clean(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format ? '\uFFFD' : c));

    private static ProgressRecord Describe(EGoatTransfer transfer, int id)
    {
        long done = transfer.BytesTransferred + transfer.BytesResumed;
        string way = transfer.Direction == EGoatDirection.Sent ? "to" : "from";
        string of = transfer.Length < 0 ? "" : $" of {transfer.Length:N0}";
        return new ProgressRecord(id, $"{Clean(transfer.Name)} {way} {Clean(transfer.Peer)}", $"{done:N0}{of} bytes, {transfer.Rate / (1024 * 1024):F1} MiB/s{(transfer.State == EGoatTransferState.Paused ? ", paused" : "")}")
        {
            ParentActivityId = ParentId,
            PercentComplete = transfer.Length > 0 ? (int)(100 * done / transfer.Length) : -1,
            SecondsRemaining = transfer is { Rate: > 0, Length: > 0 } ? (int)Math.Min(int.MaxValue, (transfer.Length - done) / transfer.Rate) : -1,
        };
    }

    private void Write(ProgressRecord record, ProgressRecordType type)
    {
        record.RecordType = type;
        cmdlet.WriteProgress(record);
    }
}
