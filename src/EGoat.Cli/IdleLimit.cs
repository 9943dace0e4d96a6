namespace EGoat.Cli;

/// <summary>
/// Ends a wait when nothing has happened for a time. What is under way has limits of its own, and a question waits for a person:
/// meanwhile nothing ends. Thread-safe.
/// </summary>
internal sealed class IdleLimit : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _linked;

    /// <summary>Guards the fields below.</summary>
    private readonly Lock _gate = new();
    private int _questions;
    private bool _isUnderWay;
    private bool _isDisposed;

    /// <param name="limit">The time; null for none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait too.</param>
    public IdleLimit(TimeSpan? limit, TimeProvider time, CancellationToken cancellationToken)
    {
        _limit = limit ?? Timeout.InfiniteTimeSpan;
        _source = new CancellationTokenSource(_limit, time);
        _linked = cancellationToken.Register(_source.Cancel);
    }

    /// <summary>Is cancelled when the time is over.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Something has happened.</summary>
    /// <param name="isUnderWay">Whether something is under way from now on.</param>
    public void Note(bool isUnderWay)
    {
        lock (_gate)
        {
            _isUnderWay = isUnderWay;
            Set();
        }
    }

    /// <summary>Asks something that a person answers.</summary>
    public async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        Count(1);
        try
        {
            return await ask().ConfigureAwait(false);
        }
        finally
        {
            Count(-1);
        }
    }

    public void Dispose()
    {
        _linked.Dispose();
        lock (_gate)
        {
            _isDisposed = true;
            _source.Dispose();
        }
    }

    private void Count(int change)
    {
        lock (_gate)
        {
            _questions += change;
            Set();
        }
    }

    // A question may outlive the wait.
    private void Set()
    {
        if (!_isDisposed)
        {
            _source.CancelAfter(_isUnderWay || _questions > 0 ? Timeout.InfiniteTimeSpan : _limit);
        }
    }
}
