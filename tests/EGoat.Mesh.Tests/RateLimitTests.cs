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
        await second.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.False(third.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(500));
        await third.WaitAsync(TimeSpan.FromSeconds(60));

        // A long silence does not save up more than the burst.
        time.Advance(TimeSpan.FromHours(1));
        Assert.True(IsLetThrough(limit, 250));
        Assert.False(IsLetThrough(limit, 100));
    }

    [Fact]
    public void Without_a_rate_nothing_waits() => Assert.True(IsLetThrough(new RateLimit(null, new ManualTime()), int.MaxValue));

    private static bool IsLetThrough(RateLimit limit, int bytes) => limit.WaitAsync(bytes, CancellationToken.None).AsTask().IsCompletedSuccessfully;
}
