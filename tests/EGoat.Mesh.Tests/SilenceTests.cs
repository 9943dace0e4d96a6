using EGoat.Mesh.Transfers;

namespace EGoat.Mesh.Tests;

/// <summary>Who is silent for too long, and who tells that it is at work, in virtual time.</summary>
public sealed class SilenceTests : IDisposable
{
    private TimeSpan _limit = SilenceWatch.DefaultLimit;
    private readonly BackgroundTasks _background = new(e => throw new InvalidOperationException("A background task has failed.", e));
    private readonly ManualTime _time = new();
    private readonly PauseGate _pause = new();
    private readonly List<string> _said = [];
    private readonly List<IDisposable> _watches = [];

    public void Dispose() => _watches.ForEach(w => w.Dispose());

    [Fact]
    public void Silence_counts_from_the_last_sign_and_only_while_it_is_waited_for()
    {
        SilenceWatch watch = Create(null);
        Pass(3600);
        watch.Begin(Reason);
        Pass(59);
        watch.Heard();
        Pass(59);
        Assert.Empty(_said);
        watch.End();
        Pass(3600);
        watch.Begin(Reason);
        Pass(59);
        Assert.Empty(_said);
        Pass(2);
        Assert.Equal(["nothing for 60"], _said);
        Pass(3600);
        Assert.Single(_said);
    }

    [Theory]
    [InlineData(null, 0, 60)]
    [InlineData(10, 0, 10)]
    [InlineData(null, 10, 10)]
    [InlineData(10, 300, 300)]
    [InlineData(300, 10, 300)]
    [InlineData(null, uint.MaxValue, 86400)]
    public void The_longest_limit_that_either_side_asks_for_holds(int? own, uint theirs, int expected)
    {
        SilenceWatch watch = Create(own);
        watch.Begin(Reason);
        watch.HandleRequest(theirs);
        Assert.Equal(TimeSpan.FromSeconds(expected), watch.Limit);
        Pass(expected - 1);
        Assert.Empty(_said);
        Pass(2);
        Assert.Equal([$"nothing for {expected}"], _said);
    }

    [Fact]
    public void A_wait_that_may_take_longer_does_not_make_the_next_one_longer()
    {
        SilenceWatch watch = Create(null);
        watch.Begin(Reason, TimeSpan.FromMinutes(10));
        Pass(500);
        Assert.Empty(_said);
        watch.End();
        watch.Begin(Reason);
        Pass(61);
        Assert.Equal(["nothing for 60"], _said);
    }

    [Fact]
    public void Of_two_waits_the_end_of_one_leaves_the_other()
    {
        SilenceWatch watch = Create(null);
        watch.Begin(Reason);
        watch.Begin(Reason);
        watch.End();
        Pass(61);
        Assert.Single(_said);
    }

    [Fact]
    public void What_is_paused_is_not_silent()
    {
        SilenceWatch watch = Create(null);
        _pause.Resumed = watch.Heard;
        watch.Begin(Reason);
        Pass(50);
        _pause.SetThere(true);
        Pass(3600);
        _pause.SetThere(false);
        Pass(55);
        Assert.Empty(_said);
        Pass(10);
        Assert.Single(_said);
    }

    // A stopped process, or a laptop that slept: what others said meanwhile is read afterwards.
    [Fact]
    public void Who_slept_does_not_take_the_other_side_for_silent()
    {
        SilenceWatch watch = Create(null);
        watch.Begin(Reason);
        _time.Advance(TimeSpan.FromHours(8));
        Assert.Empty(_said);
        Pass(59);
        Assert.Empty(_said);
        Pass(2);
        Assert.Single(_said);
    }

    [Fact]
    public void Who_is_at_work_says_so_every_five_seconds_and_who_is_not_does_not()
    {
        int signs = 0;
        using var life = new SignsOfLife(() => Task.FromResult(signs++), () => _limit, _time, _background);
        Pass(60);
        Assert.Equal(0, signs);
        life.Begin();
        life.Begin();
        Pass(20);
        life.End();
        Pass(20);
        Assert.Equal(8, signs);
        life.End();
        Pass(60);
        Assert.Equal(8, signs);
    }

    [Fact]
    public void A_limit_that_leaves_less_time_is_met_by_more_signs()
    {
        int signs = 0;
        using var life = new SignsOfLife(() => Task.FromResult(signs++), () => _limit, _time, _background);
        life.Begin();
        _limit = TimeSpan.FromSeconds(3);
        life.Hurry();
        Pass(3);
        Assert.Equal(3, signs);
    }

    // A channel without room takes none: they do not gather.
    [Fact]
    public void A_sign_that_has_not_left_is_not_followed_by_another()
    {
        int signs = 0;
        var left = new TaskCompletionSource();
        using var life = new SignsOfLife(
            () =>
            {
                signs++;
                return left.Task;
            },
            () => _limit,
            _time,
            _background);
        life.Begin();
        Pass(60);
        Assert.Equal(1, signs);
        left.SetResult();
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                Pass(1);
                return signs > 1; // it is set again on another thread
            },
            TimeSpan.FromSeconds(60)));
    }

    private static string Reason(TimeSpan limit) => $"nothing for {limit.TotalSeconds:0}";

    private SilenceWatch Create(int? seconds)
    {
        var watch = new SilenceWatch(seconds is { } s ? TimeSpan.FromSeconds(s) : null, _pause, _time, _said.Add);
        _watches.Add(watch);
        return watch;
    }

    // Second after second: a jump is a sleep.
    private void Pass(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
