using System.Globalization;

namespace EGoat.Terminal;

/// <summary>Many transfers as one: files, bytes, rate, time left. Thread-safe.</summary>
/// <param name="time">The clock.</param>
public sealed class TransferTotals(TimeProvider time)
{
    /// <summary>What the rate is the mean of.</summary>
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause between two files that belong together.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();

    /// <summary>Files that run, in the order in which they began.</summary>
    private readonly OrderedDictionary<(string Id, string Name, string Peer), EGoatTransfer> _running = [];

    /// <summary>Files that have not come, by sender and name: one that comes later in another transfer is the same file.</summary>
    private readonly HashSet<(string Identity, string Name)> _notReceived = [];
    private readonly Queue<(long At, long Bytes)> _samples = new();
    private long _begun;
    private long _ended;
    private long _expectedFiles;
    private long _expectedBytes;
    private int _completed;
    private int _notCompleted;
    private long _endedBytes;
    private long _endedTravelled;
    private long _endedLength;

    /// <summary>Whether any file has begun.</summary>
    public bool HasBegun
    {
        get
        {
            lock (_gate)
            {
                return _begun != 0;
            }
        }
    }

    /// <summary>Whether files are under way: some run, or more are expected, or the last one ended less than a second ago.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_gate)
            {
                return _running.Count > 0
                    || (_expectedFiles > 0 ? _expectedFiles > _completed + _notCompleted : _ended != 0 && time.GetElapsedTime(_ended) < Pause);
            }
        }
    }

    /// <summary>So many files and bytes are to come, all receivers together; -1 bytes when that is not known.</summary>
    public void Expect(long files, long bytes)
    {
        lock (_gate)
        {
            _expectedFiles = files;
            _expectedBytes = bytes;
            Begin();
        }
    }

    /// <summary>A transfer as it is now.</summary>
    public void Note(EGoatTransfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        lock (_gate)
        {
            Begin();
            (string, string, string) key = (transfer.Id, transfer.Name, transfer.PeerIdentity);
            if (!transfer.IsEnded)
            {
                _running[key] = transfer;
                return;
            }

            _running.Remove(key);
            bool isReceived = transfer.Direction == EGoatDirection.Received;
            (string, string) file = (transfer.PeerIdentity, transfer.Name);
            if (transfer.State == EGoatTransferState.Completed)
            {
                _completed++;
                _notCompleted -= isReceived && _notReceived.Remove(file) ? 1 : 0;
                _endedBytes += transfer.Length;
            }
            else if (!isReceived || _notReceived.Add(file))
            {
                _notCompleted++;
            }

            _endedLength += Math.Max(0, transfer.Length);
            _endedTravelled += transfer.BytesTransferred;
            _ended = time.GetTimestamp();
        }
    }

    /// <summary>How it stands.</summary>
    public TransferSummary Read()
    {
        lock (_gate)
        {
            long travelled = _endedTravelled;
            long bytes = _endedBytes;
            long length = _endedLength;
            foreach (EGoatTransfer transfer in _running.Values)
            {
                travelled += transfer.BytesTransferred;
                bytes += transfer.BytesTransferred + transfer.BytesResumed;
                length = transfer.Length < 0 || length < 0 ? -1 : length + transfer.Length;
            }

            // Who receives learns of each file when it begins: of several there may be more.
            int known = _completed + _notCompleted + _running.Count;
            if (_expectedBytes < 0 || (_expectedFiles == 0 && known > 1))
            {
                length = -1;
            }

            long now = time.GetTimestamp();
            double rate = Sample(now, travelled);
            length = length < 0 ? -1 : Math.Max(length, _expectedBytes);
            bool isOver = _running.Count == 0;
            return new TransferSummary
            {
                Files = Math.Max(_expectedFiles, known),
                Completed = _completed,
                NotCompleted = _notCompleted,
                Bytes = bytes,
                Length = length,
                Rate = rate,
                TimeLeft = rate > 0 && length > bytes ? TimeSpan.FromSeconds(Math.Min((length - bytes) / rate, 1e7)) : null,
                Elapsed = _begun == 0 ? TimeSpan.Zero : time.GetElapsedTime(_begun, isOver && _ended != 0 ? _ended : now),
                Running = [.. _running.Values],
            };
        }
    }

    /// <summary>What comes is counted from nothing.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            _running.Clear();
            _notReceived.Clear();
            _samples.Clear();
            _begun = _ended = _expectedFiles = _expectedBytes = _endedBytes = _endedTravelled = _endedLength = 0;
            _completed = _notCompleted = 0;
        }
    }

    private void Begin()
    {
        if (_begun == 0)
        {
            _begun = time.GetTimestamp();
            _samples.Enqueue((_begun, 0));
        }
    }

    // Bytes per second over the window.
    private double Sample(long now, long travelled)
    {
        if (_samples.Count == 0 || time.GetElapsedTime(_samples.Last().At, now) >= SampleInterval)
        {
            _samples.Enqueue((now, travelled));
        }

        while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().At, now) > RateWindow)
        {
            _samples.Dequeue();
        }

        (long at, long bytes) = _samples.Peek();
        double seconds = time.GetElapsedTime(at, now).TotalSeconds;
        return seconds > 0 ? Math.Max(0, travelled - bytes) / seconds : 0;
    }
}

/// <summary>Many transfers as one, at one moment.</summary>
public sealed record TransferSummary
{
    /// <summary>Files in all, as far as is known.</summary>
    public long Files { get; init; }

    /// <summary>Files that are there, verified.</summary>
    public int Completed { get; init; }

    /// <summary>Files that ended without.</summary>
    public int NotCompleted { get; init; }

    /// <summary>Bytes of content that are there.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes of content in all; -1 while unknown.</summary>
    public long Length { get; init; }

    /// <summary>Bytes per second that travel now.</summary>
    public double Rate { get; init; }

    /// <summary>How long the rest takes at this rate; null while unknown.</summary>
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>From the first file's beginning to now, or to the last one's end.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The files that are under way.</summary>
    public IReadOnlyList<EGoatTransfer> Running { get; init; } = [];

    /// <summary>What came of it, as <c>2,000 files, 1.2 GB, 5 s; 3 not sent</c>.</summary>
    /// <param name="done">What did not happen to the others: sent or received.</param>
    /// <param name="leftOut">Files that were never under way.</param>
    public string Describe(string done, int leftOut = 0)
    {
        int missing = NotCompleted + leftOut;
        return $"{DisplayText.Count(Completed, "file")}, {DisplayText.Bytes(Bytes)}, {DisplayText.Duration(Elapsed)}{(missing > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {missing:N0} not {done}") : "")}";
    }
}
