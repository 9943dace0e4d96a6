using Microsoft.Extensions.Time.Testing;

namespace EGoat.History.Tests;

/// <summary>Waits for what the writer does on its own.</summary>
internal static class Eventually
{
    /// <summary>Lets virtual time pass, a second at a time, until something is so.</summary>
    public static async Task WhileTimePassesAsync(FakeTimeProvider time, Func<bool> condition)
    {
        for (int i = 0; i < 3000 && !condition(); i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }

        Assert.True(condition());
    }
}
