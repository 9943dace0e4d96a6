using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>The files of one transfer to or from one peer, counted together.</summary>
/// <param name="activityId">The id of its progress record.</param>
/// <param name="fileCount">How many files it has; null when that is not known.</param>
/// <param name="length">Their length in bytes, -1 for a stream; null when it is that of the files seen so far.</param>
/// <param name="time">The clock.</param>
internal sealed class PeerProgress(int activityId, int? fileCount, long? length, TimeProvider time)
{
    private readonly Dictionary<string, EGoatTransfer> _running = [];
    private readonly TransferRate _rate = new(time);

    /// <summary>Bytes of files that are not delivered after all: nobody waits for them.</summary>
    private long _dropped;
    private long _seen;
    private bool _hasUnknownLength = length < 0;
    private long _transferred;
    private EGoatTransfer? _latest;

    public int ActivityId => activityId;

    /// <summary>Files that have ended.</summary>
    public int Ended { get; private set; }

    /// <summary>Bytes that are there: travelled, or held before.</summary>
    public long Done { get; private set; }

    /// <summary>Bytes that are to be there at the end; null when not known.</summary>
    public long? Total => _hasUnknownLength ? null : (length ?? _seen) - _dropped;

    /// <summary>Whether all files have ended, as far as is known.</summary>
    public bool HasEnded => _running.Count == 0 && Ended >= (fileCount ?? 0);

    public double BytesPerSecond => HasEnded ? 0 : _rate.BytesPerSecond;

    /// <summary>Seconds until the end at the present rate; -1 when not known.</summary>
    public int SecondsRemaining => HasEnded ? 0
        : Total is { } total && BytesPerSecond > 0 && !IsPaused ? (int)Math.Min(int.MaxValue, Math.Ceiling(Math.Max(0, total - Done) / BytesPerSecond))
        : -1;

    public bool IsPaused => _running.Values.Any(t => t.State == EGoatTransferState.Paused);

    private bool IsOffered => Ended == 0 && _running.Values.All(t => t.State == EGoatTransferState.Offered);

    /// <summary>Takes a file as it is now.</summary>
    public void Update(EGoatTransfer transfer)
    {
        _latest = transfer;
        if (_running.Remove(transfer.Name, out EGoatTransfer? before))
        {
            Count(before, -1);
        }
        else
        {
            _seen += Math.Max(0, transfer.Length);
            _hasUnknownLength |= transfer.Length < 0;
        }

        Count(transfer, +1);
        if (!transfer.IsEnded)
        {
            _running.Add(transfer.Name, transfer);
        }
        else
        {
            Ended++;
            _dropped += transfer.State == EGoatTransferState.Completed ? 0 : Math.Max(0, transfer.Length - transfer.BytesTransferred - transfer.BytesResumed);
        }

        _rate.Update(_transferred);
    }

    /// <summary>Its progress record.</summary>
    public ProgressRecord Describe(int parentActivityId)
    {
        string way = _latest!.Direction == EGoatDirection.Sent ? "to" : "from";
        return new ProgressRecord(activityId, VisibleText.Line($"{_latest.Name} {way} {_latest.Peer}"), DescribeState())
        {
            ParentActivityId = parentActivityId,
            PercentComplete = Percent(Done, Total),
            SecondsRemaining = SecondsRemaining,
            RecordType = HasEnded ? ProgressRecordType.Completed : ProgressRecordType.Processing,
        };
    }

    /// <summary>0 to 100; -1 when the whole is not known.</summary>
    public static int Percent(long done, long? total) => total switch
    {
        null => -1,
        <= 0 => 100,
        { } whole => (int)Math.Clamp(100 * (double)done / whole, 0, 100),
    };

    private string DescribeState()
    {
        if (HasEnded)
        {
            return Ended == 1 ? $"{_latest!.State}" : $"{Ended:N0} files have ended";
        }

        if (IsOffered)
        {
            return "Waiting for the answer";
        }

        string of = Total is { } total ? $" of {DisplayText.Bytes(total)}" : "";
        string files = fileCount > 1 ? $"{Ended:N0} of {fileCount:N0} files, " : "";
        return $"{files}{DisplayText.Bytes(Done)}{of}, {(IsPaused ? "paused" : $"{DisplayText.Bytes(BytesPerSecond)}/s")}";
    }

    private void Count(EGoatTransfer transfer, int sign)
    {
        _transferred += sign * transfer.BytesTransferred;
        Done += sign * (transfer.BytesTransferred + transfer.BytesResumed);
    }
}
