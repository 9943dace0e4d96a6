using Microsoft.Extensions.Time.Testing;

namespace EGoat.Testing;

/// <summary>
/// The clock and the timers of a test in virtual time. It knows when the next timer is due; callbacks run on the thread pool, as
/// those of the system's timers do.
/// </summary>
public sealed class VirtualClock() : FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
{
    private readonly Lock _gate = new();
    private readonly HashSet<VirtualTimer> _armed = [];

    /// <summary>When the next timer fires; null when none is armed.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_gate)
            {
                return _armed.Min(static t => (DateTimeOffset?)t.DueAt);
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Inner = base.CreateTimer(static timer => ((VirtualTimer)timer!).Fire(), timer, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class VirtualTimer(VirtualClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public ITimer Inner { get; set; } = null!;

        public DateTimeOffset DueAt { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                _period = period;
                Arm(dueTime, clock.GetUtcNow());
            }

            return Inner.Change(dueTime, period);
        }

        public void Fire()
        {
            lock (clock._gate)
            {
                Arm(_period > TimeSpan.Zero ? _period : Timeout.InfiniteTimeSpan, DueAt);
            }

            ThreadPool.UnsafeQueueUserWorkItem(static timer => timer.Call(), this, preferLocal: false);
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                clock._armed.Remove(this);
            }

            Inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Arm(TimeSpan dueTime, DateTimeOffset from)
        {
            if (dueTime == Timeout.InfiniteTimeSpan)
            {
                clock._armed.Remove(this);
            }
            else
            {
                DueAt = from + dueTime;
                clock._armed.Add(this);
            }
        }

        private void Call() => callback(state);
    }
}
