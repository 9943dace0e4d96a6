namespace EGoat.Mesh.Transfers;

/// <summary>One file on its way to or from one peer: counts bytes, and reports at most ten times a second.</summary>
internal sealed class TransferProgress(TransferList list, EGoatTransfer transfer, TimeProvider time)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly long _started = time.GetTimestamp();
    private long _lastReport = time.GetTimestamp();
    private EGoatTransfer _transfer = transfer;

    public EGoatTransfer Snapshot
    {
        get
        {
            lock (_gate)
            {
                return _transfer;
            }
        }
    }

    /// <summary>The transfer begins anew after its connection was lost: what was received is then held.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            _transfer = _transfer with { State = EGoatTransferState.Offered, BytesTransferred = 0, BytesResumed = 0 };
        }
    }

    /// <summary>The other side is at work: nobody else would know that it goes on.</summary>
    public void NoteLife() => list.Report(Snapshot);

    /// <summary>Either side has paused it, or both have resumed it.</summary>
    public void SetPaused(bool isPaused)
    {
        EGoatTransfer report;
        lock (_gate)
        {
            if (_transfer.IsEnded || isPaused == (_transfer.State == EGoatTransferState.Paused))
            {
                return;
            }

            report = _transfer = _transfer with { State = isPaused ? EGoatTransferState.Paused : EGoatTransferState.Active };
        }

        list.Report(report);
    }

    /// <summary>So many bytes of content have travelled since the last call, and so many did not have to.</summary>
    public void Add(long bytes, long resumed)
    {
        EGoatTransfer? report = null;
        lock (_gate)
        {
            long transferred = _transfer.BytesTransferred + bytes;
            _transfer = _transfer with
            {
                State = _transfer.State == EGoatTransferState.Offered ? EGoatTransferState.Active : _transfer.State,
                BytesTransferred = transferred,
                BytesResumed = _transfer.BytesResumed + resumed,
                Rate = transferred / Math.Max(0.001, time.GetElapsedTime(_started).TotalSeconds),
            };
            if (time.GetElapsedTime(_lastReport) >= ReportInterval)
            {
                _lastReport = time.GetTimestamp();
                report = _transfer;
            }
        }

        if (report is not null)
        {
            list.Report(report);
        }
    }

    /// <summary>It is over.</summary>
    public async ValueTask<EGoatTransfer> EndAsync(TransferEnd end)
    {
        EGoatTransfer ended;
        lock (_gate)
        {
            if (_transfer.IsEnded)
            {
                return _transfer;
            }

            ended = _transfer = _transfer with
            {
                State = end.State,
                Error = end.Error,
                TreeHash = end.TreeHash,
                Path = end.Path ?? _transfer.Path,
                Warning = end.Warning,
                IsLeftOut = end.IsLeftOut,
                Length = _transfer.Length < 0 && end.State == EGoatTransferState.Completed ? _transfer.BytesTransferred : _transfer.Length,
                Finished = time.GetUtcNow(),
                Rate = _transfer.BytesTransferred / Math.Max(0.001, time.GetElapsedTime(_started).TotalSeconds),
            };
        }

        await list.EndAsync(ended).ConfigureAwait(false);
        return ended;
    }
}
