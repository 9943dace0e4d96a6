namespace EGoat.Signaling;

/// <summary>
/// The pauses between attempts to come back: a twentieth of the time since the loss, so that the way back takes little beside
/// what the outage lasted, at least 200 ms and at most a limit. Half of each pause is random, so that the members of a room
/// do not all come back at once.
/// </summary>
internal static class BackOff
{
    private const double ShareOfOutage = 1 / 20.0;

    private static readonly TimeSpan Min = TimeSpan.FromMilliseconds(200);

    /// <summary>The pause after an outage of a length.</summary>
    public static TimeSpan Next(TimeSpan outage, TimeSpan max)
    {
        TimeSpan pause = outage * ShareOfOutage;
        pause = pause < Min ? Min : pause;
        pause = pause < max ? pause : max;
        return pause * (0.5 + (0.5 * Random.Shared.NextDouble()));
    }
}
