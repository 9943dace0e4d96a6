namespace EGoat.Mesh.Transfers;

/// <summary>
/// The files of one transfer as users see them. Of very many only those under way exist, so that a transfer of a hundred
/// thousand files does not fill the memory.
/// </summary>
/// <param name="list">Where they are shown.</param>
/// <param name="count">How many there are, folders included.</param>
/// <param name="describe">What one is before it begins; null for a folder, which is no transfer of its own.</param>
internal sealed class TransferFiles(TransferList list, int count, Func<int, EGoatTransfer?> describe)
{
    /// <summary>Files that are shown before they begin.</summary>
    private const int MaxShown = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, TransferProgress> _running = [];
    private readonly bool[] _hasEnded = new bool[count];

    /// <summary>Those under way.</summary>
    public IReadOnlyList<TransferProgress> Running
    {
        get
        {
            lock (_gate)
            {
                return [.. _running.Values];
            }
        }
    }

    /// <summary>The other side is at work.</summary>
    public void NoteLife()
    {
        foreach (TransferProgress progress in Running.Take(1))
        {
            progress.NoteLife();
        }
    }

    /// <summary>Shows the first ones before they begin.</summary>
    public void Show(IEnumerable<int> files)
    {
        foreach (int file in files.Take(MaxShown))
        {
            Get(file);
        }
    }

    /// <summary>One under way; null for a folder, and for one that has ended.</summary>
    public TransferProgress? Get(int file)
    {
        lock (_gate)
        {
            if (_hasEnded[file])
            {
                return null;
            }

            if (!_running.TryGetValue(file, out TransferProgress? progress) && describe(file) is { } transfer)
            {
                progress = _running[file] = list.Add(transfer);
            }

            return progress;
        }
    }

    /// <summary>One is over; null for a folder, and for one that has ended before.</summary>
    public async ValueTask<EGoatTransfer?> EndAsync(int file, TransferEnd end)
    {
        TransferProgress? progress = Get(file);
        lock (_gate)
        {
            if (_hasEnded[file])
            {
                return null;
            }

            _hasEnded[file] = true;
            _running.Remove(file);
        }

        return progress is null ? null : await progress.EndAsync(end).ConfigureAwait(false);
    }
}
