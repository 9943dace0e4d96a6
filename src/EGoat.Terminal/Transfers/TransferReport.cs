namespace EGoat.Terminal;

/// <summary>
/// What is told of transfers that end: a line each, but of many files the first ones and those that failed, and a summary when
/// nothing has been under way for a second. Thread-safe.
/// </summary>
public sealed class TransferReport : IDisposable
{
    /// <summary>Files with a line of their own, where not all have one.</summary>
    public const int MaxLines = 10;

    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Action<string> _tell;
    private readonly string _done;
    private readonly ITimer _timer;
    private int _lines;

    /// <summary>Creates one.</summary>
    /// <param name="tell">Takes a line.</param>
    /// <param name="done">What happens to files: sent or received.</param>
    /// <param name="time">The clock.</param>
    public TransferReport(Action<string> tell, string done, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _tell = tell;
        _done = done;
        Totals = new TransferTotals(time);
        _timer = time.CreateTimer(_ => EndIfQuiet(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>All that has been under way since the last summary.</summary>
    public TransferTotals Totals { get; }

    /// <summary>Whether each line tells the hash, and every file has a line.</summary>
    public bool IsVerbose { get; init; }

    /// <summary>Whether every file has a line.</summary>
    public bool TellsAll { get; init; }

    /// <summary>Whether a second without transfers brings the summary; otherwise <see cref="End"/> does.</summary>
    public bool EndsWhenQuiet { get; init; }

    /// <summary>Is called when everything has ended and the totals begin anew.</summary>
    public Action? Ended { get; init; }

    /// <summary>A transfer as it is now.</summary>
    public void Note(EGoatTransfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        Totals.Note(transfer);
        if (!transfer.IsEnded)
        {
            return;
        }

        bool isTold;
        lock (_gate)
        {
            isTold = IsVerbose || TellsAll || transfer.State != EGoatTransferState.Completed || _lines++ < MaxLines;
            if (EndsWhenQuiet)
            {
                _timer.Change(Quiet, Timeout.InfiniteTimeSpan);
            }
        }

        if (isTold)
        {
            _tell(TransferLine.Describe(transfer, IsVerbose));
        }
    }

    /// <summary>Tells the summary of several files, and begins anew.</summary>
    /// <param name="leftOut">Files that were never under way.</param>
    public void End(int leftOut = 0)
    {
        TransferSummary summary = Totals.Read();
        lock (_gate)
        {
            _lines = 0;
        }

        Totals.Reset();
        if (summary.Completed + summary.NotCompleted + leftOut > 1)
        {
            _tell(summary.Describe(_done, leftOut));
        }

        Ended?.Invoke();
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void EndIfQuiet()
    {
        if (!Totals.IsRunning && Totals.HasBegun)
        {
            End();
        }
    }
}
