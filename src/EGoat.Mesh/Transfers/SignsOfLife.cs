namespace EGoat.Mesh.Transfers;

/// <summary>
/// Tells the other side every few seconds that this one is at work, or waits for something of its own (docs/protocol.md §4, Silence):
/// for as long as that takes the other side does not take it for gone. Thread-safe.
/// </summary>
internal sealed class SignsOfLife : IDisposable
{
    /// <summary>How often, where the other side's limit leaves more time.</summary>
    private static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(5);

    /// <summary>Signs within the limit: one may be late, or its answer.</summary>
    private const int SignsPerLimit = 3;

    private readonly Func<Task> _send;
    private readonly Func<TimeSpan> _limit;
    private readonly BackgroundTasks _background;
    private readonly ITimer _timer;
    private int _working;
    private volatile bool _isDisposed;

    /// <param name="send">Sends a sign.</param>
    /// <param name="limit">How long this side may be silent.</param>
    /// <param name="time">The clock.</param>
    /// <param name="background">Runs what nobody awaits.</param>
    public SignsOfLife(Func<Task> send, Func<TimeSpan> limit, TimeProvider time, BackgroundTasks background)
    {
        (_send, _limit, _background) = (send, limit, background);
        _timer = time.CreateTimer(_ => Tell(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Hurry();
    }

    /// <summary>The limit is another one now.</summary>
    public void Hurry()
    {
        TimeSpan interval = _limit() / SignsPerLimit;
        _timer.Change(interval < MaxInterval ? interval : MaxInterval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>This side begins to work or to wait for something of its own.</summary>
    public void Begin() => Interlocked.Increment(ref _working);

    /// <summary>What was begun is over.</summary>
    public void End() => Interlocked.Decrement(ref _working);

    public void Dispose()
    {
        _isDisposed = true;
        _timer.Dispose();
    }

    private void Tell()
    {
        Task telling = TellAsync();
        if (!telling.IsCompletedSuccessfully)
        {
            _background.Run(() => telling);
        }
    }

    // The next one is due when this one has left: they do not gather in a channel that has no room.
    private async Task TellAsync()
    {
        if (Volatile.Read(ref _working) > 0)
        {
            await _send().ConfigureAwait(false);
        }

        if (!_isDisposed)
        {
            Hurry();
        }
    }
}
