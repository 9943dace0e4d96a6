using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>
/// Progress records of a command's transfers: one of all together, and below it one for each transfer to or from a peer,
/// whatever the number of its files. None is written more than five times a second.
/// </summary>
/// <param name="activity">What the command does.</param>
/// <param name="fileCount">How many files each transfer has; null when that is not known.</param>
/// <param name="length">Their length in bytes, -1 for a stream; null when that is not known.</param>
/// <param name="time">The clock.</param>
/// <param name="write">Takes the records.</param>
internal sealed class TransferProgressView(string activity, int? fileCount, long? length, TimeProvider time, Action<ProgressRecord> write)
{
    /// <summary>The record of all transfers together.</summary>
    private const int ParentId = 0;

    /// <summary>Transfers that have a record of their own at once; the others count in that of all.</summary>
    private const int MaxShown = 20;

    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<string, PeerProgress> _transfers = [];

    /// <summary>When the records that are shown were last written, by their ids.</summary>
    private readonly Dictionary<int, long> _writtenAt = [];
    private int _nextId = ParentId + 1;

    /// <summary>Files and bytes of transfers that are no longer in the table.</summary>
    private int _ended;
    private long _done;

    /// <summary>Shows that the command has begun.</summary>
    public void Start(string status) => Write(ParentId, true, () => new ProgressRecord(ParentId, activity, status));

    /// <summary>Shows a file as it is now.</summary>
    public void Show(EGoatTransfer transfer)
    {
        if (!_transfers.TryGetValue(transfer.Id, out PeerProgress? progress))
        {
            progress = _transfers[transfer.Id] = new PeerProgress(_nextId++, fileCount, length, time);
        }

        bool wasPaused = progress.IsPaused;
        progress.Update(transfer);
        if (_writtenAt.Count <= MaxShown || _writtenAt.ContainsKey(progress.ActivityId))
        {
            Write(progress.ActivityId, progress.HasEnded || wasPaused != progress.IsPaused, () => progress.Describe(ParentId));
        }

        Write(ParentId, progress.HasEnded, Describe);
        if (progress.HasEnded)
        {
            _writtenAt.Remove(progress.ActivityId);
            if (fileCount is null)
            {
                // Who receives for days does not keep what has ended.
                _transfers.Remove(transfer.Id);
                _ended += progress.Ended;
                _done += progress.Done;
            }
        }
    }

    /// <summary>Takes all records away, however the command ends.</summary>
    public void Complete()
    {
        if (!_writtenAt.ContainsKey(ParentId))
        {
            return;
        }

        foreach (PeerProgress progress in _transfers.Values.Where(p => !p.HasEnded && _writtenAt.ContainsKey(p.ActivityId)))
        {
            ProgressRecord last = progress.Describe(ParentId);
            last.RecordType = ProgressRecordType.Completed;
            write(last);
        }

        _transfers.Clear();
        _writtenAt.Clear();
        write(new ProgressRecord(ParentId, activity, "Done") { RecordType = ProgressRecordType.Completed });
    }

    private ProgressRecord Describe()
    {
        PeerProgress[] running = [.. _transfers.Values.Where(p => !p.HasEnded)];
        long done = _done + _transfers.Values.Sum(p => p.Done);
        long? total = _transfers.Values.Any(p => p.Total is null) ? null : _done + _transfers.Values.Sum(p => p.Total);
        int ended = _ended + _transfers.Values.Sum(p => p.Ended);
        string files = fileCount is { } count ? $"{ended:N0} of {(long)count * _transfers.Count:N0} files" : $"{ended:N0} files";
        string of = total is { } whole ? $" of {DisplayText.Bytes(whole)}" : "";
        return new ProgressRecord(ParentId, activity, $"{files}, {DisplayText.Bytes(done)}{of}, {DisplayText.Bytes(running.Sum(p => p.BytesPerSecond))}/s")
        {
            PercentComplete = running.Length == 0 ? -1 : PeerProgress.Percent(done, total),

            // The slowest ends last.
            SecondsRemaining = running.Length == 0 || running.Any(p => p.SecondsRemaining < 0) ? -1 : running.Max(p => p.SecondsRemaining),
        };
    }

    private void Write(int activityId, bool isDue, Func<ProgressRecord> describe)
    {
        if (isDue || !_writtenAt.TryGetValue(activityId, out long writtenAt) || time.GetElapsedTime(writtenAt) >= MinInterval)
        {
            _writtenAt[activityId] = time.GetTimestamp();
            write(describe());
        }
    }
}
