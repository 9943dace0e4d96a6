namespace EGoat.Signaling;

/// <summary>How often an address has tried to join during the last minute. Not thread-safe.</summary>
internal sealed class JoinRate(int maxPerMinute, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Queue<long>> _joins = [];
    private long _lastSweep = time.GetTimestamp();

    /// <summary>How many addresses are remembered.</summary>
    public int Count => _joins.Count;

    /// <summary>Counts a try; false when there were too many.</summary>
    public bool TryCount(string prefix)
    {
        long now = time.GetTimestamp();
        Sweep(now);
        if (!_joins.TryGetValue(prefix, out Queue<long>? joins))
        {
            joins = _joins[prefix] = new Queue<long>();
        }

        Expire(joins, now);
        if (joins.Count >= maxPerMinute)
        {
            return false;
        }

        joins.Enqueue(now);
        return true;
    }

    private void Sweep(long now)
    {
        if (time.GetElapsedTime(_lastSweep, now) < Window)
        {
            return;
        }

        _lastSweep = now;
        foreach ((string prefix, Queue<long> joins) in _joins.ToArray())
        {
            Expire(joins, now);
            if (joins.Count == 0)
            {
                _joins.Remove(prefix);
            }
        }
    }

    private void Expire(Queue<long> joins, long now)
    {
        while (joins.TryPeek(out long first) && time.GetElapsedTime(first, now) >= Window)
        {
            joins.Dequeue();
        }
    }
}
