using EGoat.Testing;

namespace EGoat.WebRtc.Sockets.Tests;

[Collection(InVirtualTime.Name)]
public sealed class VirtualTimeTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly VirtualTime _time = new(1);

    [Fact]
    public async Task A_delay_ends_at_its_time_and_not_before()
    {
        DateTimeOffset start = _time.Clock.GetUtcNow();
        Task delay = Task.Delay(TimeSpan.FromSeconds(60), _time.Clock);
        await _time.AdvanceAsync(TimeSpan.FromMilliseconds(59_999));
        Assert.False(delay.IsCompleted);
        await _time.AdvanceUntilAsync(delay, Hour);
        Assert.Equal(TimeSpan.FromSeconds(60), _time.Clock.GetUtcNow() - start);
    }

    [Fact]
    public async Task Time_stands_still_while_a_thread_works()
    {
        DateTimeOffset start = _time.Clock.GetUtcNow();
        Task<TimeSpan> working = WorkAsync();
        TimeSpan end = await _time.AdvanceUntilAsync(working, Hour);
        Assert.Equal(TimeSpan.FromSeconds(20), end);

        async Task<TimeSpan> WorkAsync()
        {
            for (int i = 0; i < 20; i++)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), _time.Clock).ConfigureAwait(false);
                Thread.SpinWait(100_000);
                await Task.Yield();
            }

            return _time.Clock.GetUtcNow() - start;
        }
    }

    [Fact]
    public async Task A_periodic_timer_ticks_once_for_each_period()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(7), _time.Clock);
        int ticks = 0;
        Task ticking = TickAsync();
        await _time.AdvanceAsync(TimeSpan.FromSeconds(70));
        Assert.Equal(10, ticks);
        timer.Dispose();
        await ticking;

        async Task TickAsync()
        {
            while (await timer.WaitForNextTickAsync().ConfigureAwait(false))
            {
                Interlocked.Increment(ref ticks);
            }
        }
    }

    [Fact]
    public async Task A_condition_that_never_holds_is_told_with_the_seed_and_the_time()
    {
        TimeoutException e = await Assert.ThrowsAsync<TimeoutException>(() => _time.AdvanceUntilAsync(() => _time.Seed == 2, TimeSpan.FromSeconds(9)));
        Assert.Contains("_time.Seed == 2", e.Message, StringComparison.Ordinal);
        Assert.Contains("seed 1, 10.000 s", e.Message, StringComparison.Ordinal);
    }
}
