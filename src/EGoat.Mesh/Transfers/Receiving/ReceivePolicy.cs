using System.Diagnostics.CodeAnalysis;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>What a user allows to be received, applied to offers; the limits that all transfers of a room share.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing.")]
internal sealed class ReceivePolicy
{
    /// <summary>How long people may take to answer.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _turns;

    /// <summary>Bytes that may still be written.</summary>
    private long _left;

    /// <summary>The folder was made; one that goes away later is an error, not made again.</summary>
    private bool _hasFolder;

    public ReceivePolicy(ReceiveOptions options, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxParallel, 1);
        Options = options;
        _time = time;
        Rate = new RateLimit(options.MaxRate, time);
        DateTimeOffset oldest = time.GetUtcNow() - options.KeepPartial;
        Cleaning = options.Output is null ? Task.Run(() => OldPartials.Remove(options.Destination, oldest)) : Task.CompletedTask;
        _left = options.MaxTotalLength ?? long.MaxValue;
        _turns = new SemaphoreSlim(options.Output is null ? options.MaxParallel : 1);
    }

    public ReceiveOptions Options { get; }

    public RateLimit Rate { get; }

    /// <summary>Removes partial files that are too old; does not fail.</summary>
    public Task Cleaning { get; }

    /// <summary>Waits until a transfer may run; the result ends its turn.</summary>
    public async Task<IDisposable> WaitForTurnAsync(CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(_turns);
    }

    /// <summary>Counts content that is written.</summary>
    /// <exception cref="LeftOutException">There is more of it than allowed.</exception>
    public void Count(ManifestEntry entry, long offset, int length)
    {
        if (offset + length > Options.MaxLength)
        {
            throw new LeftOutException($"The file {VisibleText.Quote(entry.Path)} is longer than {Options.MaxLength:N0} bytes, the most that this side receives.");
        }

        if (Interlocked.Add(ref _left, -length) < 0)
        {
            Interlocked.Add(ref _left, length);
            throw new LeftOutException($"This side receives no more than {Options.MaxTotalLength:N0} bytes in all.");
        }
    }

    /// <summary>Decides about an offer: the entries that are wanted, and why each other one is not.</summary>
    /// <exception cref="TransferException">Nothing of it is wanted.</exception>
    public async Task<(IReadOnlyList<int> Accepted, IReadOnlyDictionary<int, FileOutcome> Declined)> DecideAsync(string id, EGoatPeer sender, IReadOnlyList<ManifestEntry> entries, CancellationToken cancellationToken)
    {
        if (Options.From.Count > 0 && !Options.From.Any(f => f == sender.Id || f == sender.Identity || f.Equals(sender.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw Reject("This side does not receive files from you.");
        }

        if (Options.Output is null && !_hasFolder)
        {
            Directory.CreateDirectory(Options.Destination);
            _hasFolder = true;
        }

        IReadOnlyDictionary<int, string> refused = WirePath.FindRefused([.. entries.Select(e => (e.Path, e.IsFolder))], PathRules.Current);
        var declined = new Dictionary<int, FileOutcome>();
        foreach (ManifestEntry entry in entries)
        {
            FileOutcome? judged = refused.TryGetValue(entry.Index, out string? why) ? new FileOutcome(EGoatTransferState.Failed, why) : Judge(entry);
            if (judged is { } outcome)
            {
                declined[entry.Index] = outcome;
            }
        }

        List<ManifestEntry> wanted = [.. entries.Where(e => !declined.ContainsKey(e.Index))];
        long total = wanted.Sum(e => Math.Max(0, e.Length));
        if (wanted.Count == 0 || (!wanted.Exists(e => !e.IsFolder) && declined.Count > 0))
        {
            throw Reject(declined.Values.First().Reason!);
        }

        if (Options.MaxTotalLength is not null && total > Interlocked.Read(ref _left))
        {
            throw Reject($"This side receives no more than {Options.MaxTotalLength:N0} bytes in all; {total:N0} are offered.");
        }

        if (Options.Ask is { } ask)
        {
            FileAnswer answer = await AskAsync(ask, new FileOffer(id, sender, [.. wanted.Select(e => new OfferedFile(e.Index, e.Path, e.Length, e.IsFolder))]), cancellationToken).ConfigureAwait(false);
            if (answer.Rejection is { } rejection)
            {
                throw Reject(rejection);
            }

            if (answer.Files is { } chosen)
            {
                HashSet<int> kept = [.. chosen];
                foreach (ManifestEntry entry in wanted.Where(e => !kept.Contains(e.Index)))
                {
                    declined[entry.Index] = Unwanted("It is not wanted.");
                }

                wanted.RemoveAll(e => !kept.Contains(e.Index));
            }
        }

        return ([.. wanted.Select(e => e.Index)], declined);
    }

    private static TransferException Reject(string reason) => new(reason, EGoatTransferState.Rejected);

    private static FileOutcome Unwanted(string reason) => new(EGoatTransferState.Rejected, reason);

    private async Task<FileAnswer> AskAsync(Func<FileOffer, CancellationToken, Task<FileAnswer>> ask, FileOffer offer, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(AnswerTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await ask(offer, either.Token).WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw Reject("Nobody has answered the offer.");
        }
    }

    private FileOutcome? Judge(ManifestEntry entry)
    {
        if (entry.IsFolder)
        {
            return Options.Output is not null || PathPattern.Excludes(entry.Path, Options.Exclude) ? Unwanted("Folders are not wanted.") : null;
        }

        if (!PathPattern.Selects(entry.Path, Options.Include, Options.Exclude))
        {
            return Unwanted("Files of this name are not wanted.");
        }

        return entry.Length > Options.MaxLength
            ? Unwanted($"It is longer than {Options.MaxLength:N0} bytes, the most that this side receives.")
            : JudgeExisting(entry);
    }

    private FileOutcome? JudgeExisting(ManifestEntry entry)
    {
        try
        {
            if (Options.Output is null && Options.Existing is ExistingFile.Skip or ExistingFile.Fail && new FileInfo(IncomingPath.Resolve(Options.Destination, entry.Path).Target) is { Exists: true } there)
            {
                // Of the same length it may be the same: that is found out by its blocks.
                return (Options.Existing, there.Length == entry.Length) switch
                {
                    (ExistingFile.Skip, _) => Unwanted("It is there already."),
                    (_, false) => throw Reject($"{VisibleText.Quote(entry.Path)} is there already."),
                    _ => null,
                };
            }

            return null;
        }
        catch (IOException e)
        {
            return new FileOutcome(EGoatTransferState.Failed, TransferException.From(e).Message);
        }
    }

    private sealed class Turn(SemaphoreSlim turns) : IDisposable
    {
        private SemaphoreSlim? _turns = turns;

        public void Dispose() => Interlocked.Exchange(ref _turns, null)?.Release();
    }
}
