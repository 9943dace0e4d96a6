namespace EGoat.Testing;

/// <summary>The time of a process that may be frozen: the clock goes on meanwhile, timers fire when the process continues.</summary>
internal sealed class ProcessClock(TimeProvider clock) : TimeProvider
{
    private readonly Lock _gate = new();

    /// <summary>Callbacks that were due while the process was frozen; each timer's once, as with the system's timers.</summary>
    private readonly HashSet<ProcessTimer> _due = [];
    private TaskCompletionSource? _frozen;

    public bool IsFrozen => Volatile.Read(ref _frozen) is not null;

    public Task Running => Volatile.Read(ref _frozen)?.Task ?? Task.CompletedTask;

    public override TimeZoneInfo LocalTimeZone => clock.LocalTimeZone;

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override long GetTimestamp() => clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ProcessTimer(this, callback, state);
        timer.Inner = clock.CreateTimer(static timer => ((ProcessTimer)timer!).Fire(), timer, dueTime, period);
        return timer;
    }

    public void Freeze()
    {
        lock (_gate)
        {
            _frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Continue()
    {
        lock (_gate)
        {
            TaskCompletionSource? frozen = _frozen;
            Volatile.Write(ref _frozen, null);
            foreach (ProcessTimer timer in _due)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static timer => timer.Fire(), timer, preferLocal: false);
            }

            _due.Clear();
            frozen?.TrySetResult();
        }
    }

    private bool TryHold(ProcessTimer timer)
    {
        lock (_gate)
        {
            if (_frozen is null)
            {
                return false;
            }

            _due.Add(timer);
            return true;
        }
    }

    private void Forget(ProcessTimer timer)
    {
        lock (_gate)
        {
            _due.Remove(timer);
        }
    }

    private sealed class ProcessTimer(ProcessClock clock, TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _isDisposed;

        public ITimer Inner { get; set; } = null!;

        public bool Change(TimeSpan dueTime, TimeSpan period) => Inner.Change(dueTime, period);

        public void Fire()
        {
            if (!_isDisposed && !clock.TryHold(this))
            {
                callback(state);
            }
        }

        public void Dispose()
        {
            _isDisposed = true;
            clock.Forget(this);
            Inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
