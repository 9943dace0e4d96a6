using EGoat.Mesh.Transfers;

namespace EGoat.Mesh.Tests;

public sealed class RateLimitTests
{
    [Fact]
    public async Task Content_waits_until_the_rate_allows_it()
    {
        var time = new ManualTime();
        var limit = new RateLimit(1000, time);
        Assert.True(IsLetThrough(limit, 250)); // a quarter of a second at once
        Task second = limit.WaitAsync(500, CancellationToken.None).AsTask();
        Task third = limit.WaitAsync(500, CancellationToken.None).AsTask();
        time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(2));
        await second.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(third.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(500));
        await third.WaitAsync(TimeSpan.FromSeconds(10));

        // A long silence does not save up more than the burst.
        time.Advance(TimeSpan.FromHours(1));
        Assert.True(IsLetThrough(limit, 250));
        Assert.False(IsLetThrough(limit, 100));
    }

    [Fact]
    public void Without_a_rate_nothing_waits() => Assert.True(IsLetThrough(new RateLimit(null, new ManualTime()), int.MaxValue));

    private static bool IsLetThrough(RateLimit limit, int bytes) => limit.WaitAsync(bytes, CancellationToken.None).AsTask().IsCompletedSuccessfully;

    /// <summary>A clock that moves when it is told to.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private readonly List<ManualTimer> _timers = [];
        private TimeSpan _now = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new ManualTimer(this, () => callback(state));
            timer.Change(dueTime, period);
            _timers.Add(timer);
            return timer;
        }

        public void Advance(TimeSpan time)
        {
            _now += time;
            _timers.ToList().ForEach(t => t.Fire());
        }

        private sealed class ManualTimer(ManualTime time, Action callback) : ITimer
        {
            private TimeSpan? _due;

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                _due = dueTime == Timeout.InfiniteTimeSpan ? null : time._now + dueTime;
                return true;
            }

            public void Fire()
            {
                if (_due <= time._now)
                {
                    _due = null;
                    callback();
                }
            }

            public void Dispose() => time._timers.Remove(this);

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
