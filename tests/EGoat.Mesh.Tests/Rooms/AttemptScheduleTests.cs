using EGoat.Testing;

namespace EGoat.Mesh.Tests.Rooms;

public sealed class AttemptScheduleTests
{
    private readonly VirtualClock _clock = new();

    [Fact]
    public void Each_attempt_may_take_twice_as_long_as_the_one_before_up_to_thirty_seconds()
    {
        var schedule = new AttemptSchedule(_clock);
        schedule.Restart(TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, schedule.Left);
        foreach (int seconds in (int[])[10, 20, 30, 30, 30])
        {
            schedule.Begin();
            Assert.Equal(TimeSpan.FromSeconds(seconds), schedule.Left);
            _clock.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Equal(TimeSpan.Zero, schedule.Left);
        }
    }

    [Fact]
    public void After_an_attempt_that_has_ended_early_the_next_is_due_after_a_growing_pause()
    {
        var schedule = new AttemptSchedule(_clock);
        schedule.Restart(TimeSpan.Zero);
        foreach (int seconds in (int[])[1, 2, 4, 8, 16, 30, 30])
        {
            schedule.Begin();
            schedule.EndEarly();
            schedule.EndEarly();
            Assert.Equal(TimeSpan.FromSeconds(seconds), schedule.Left);
        }
    }

    [Fact]
    public void A_lost_connection_begins_the_count_anew()
    {
        var schedule = new AttemptSchedule(_clock);
        for (int i = 0; i < 5; i++)
        {
            schedule.Begin();
        }

        schedule.RestartSoon();
        Assert.Equal(TimeSpan.FromSeconds(1), schedule.Left);
        schedule.Begin();
        Assert.Equal(TimeSpan.FromSeconds(10), schedule.Left);
    }
}
