namespace EGoat.Mesh.Transfers;

/// <summary>
/// Tells the other side every few seconds that this one is at work, or waits for something of its own (docs/protocol.md §4, Silence):
/// for as long as that takes the other side does not take it for gone. Thread-safe.
/// </summary>
internal sealed class SignsOfLife : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Func<Task> _send;
    private readonly ITimer _timer;
    private int _working;
    private volatile bool _isDisposed;

    /// <param name="send">Sends a sign; it does not throw.</param>
    /// <param name="time">The clock.</param>
    public SignsOfLife(Func<Task> send, TimeProvider time)
    {
        _send = send;
        _timer = time.CreateTimer(_ => _ = TellAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(Interval, Timeout.InfiniteTimeSpan);
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

    // The next one is due when this one has left: they do not gather in a channel that has no room.
    private async Task TellAsync()
    {
        if (Volatile.Read(ref _working) > 0)
        {
            await _send().ConfigureAwait(false);
        }

        if (!_isDisposed)
        {
            _timer.Change(Interval, Timeout.InfiniteTimeSpan);
        }
    }
}
