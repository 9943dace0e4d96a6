namespace EGoat.Mesh;

/// <summary>When the next attempt to connect to a member is due: later after each one that has failed.</summary>
internal sealed class AttemptSchedule(TimeProvider time)
{
    /// <summary>How long a first attempt may take before the next one; each one that fails doubles it, up to <see cref="MaxDelay"/>.</summary>
    private static readonly TimeSpan FirstTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The pause after an attempt that has ended before its time; likewise.</summary>
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);

    private int _attempts;
    private long _since = time.GetTimestamp();
    private TimeSpan _delay;

    /// <summary>What is left until the next attempt; not positive when it is due.</summary>
    public TimeSpan Left => _delay - time.GetElapsedTime(_since);

    /// <summary>Begins anew: the next attempt is the first one, after a delay.</summary>
    public void Restart(TimeSpan delay)
    {
        _attempts = 0;
        Wait(delay);
    }

    /// <summary>A connection was lost: the next attempt is the first one, after a short pause.</summary>
    public void RestartSoon() => Restart(FirstDelay);

    /// <summary>An attempt begins.</summary>
    public void Begin() => Wait(Grow(FirstTimeout, _attempts++));

    /// <summary>The attempt has ended before its time.</summary>
    public void EndEarly()
    {
        if (_attempts > 0 && Grow(FirstDelay, _attempts - 1) is { } delay && delay < _delay)
        {
            _delay = delay;
        }
    }

    private static TimeSpan Grow(TimeSpan first, int times)
    {
        TimeSpan delay = first * (1 << Math.Min(times, 10));
        return delay < MaxDelay ? delay : MaxDelay;
    }

    private void Wait(TimeSpan delay) => (_since, _delay) = (time.GetTimestamp(), delay);
}
