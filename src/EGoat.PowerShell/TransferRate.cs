namespace EGoat.PowerShell;

/// <summary>Bytes per second, smoothed: a mean in which what is older than a few seconds counts little.</summary>
internal sealed class TransferRate(TimeProvider time)
{
    /// <summary>What is so old counts about a third.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(3);

    /// <summary>Over less than this a rate says nothing.</summary>
    private static readonly TimeSpan MinElapsed = TimeSpan.FromMilliseconds(200);

    /// <summary>When the bytes were counted last; null until any have travelled: nobody waits for an answer at a rate.</summary>
    private long? _measuredAt;
    private long _bytes;
    private double? _rate;

    /// <summary>Bytes per second; 0 until it is known.</summary>
    public double BytesPerSecond => _rate ?? 0;

    /// <summary>So many bytes have travelled by now. Fewer than before: a lost connection began anew.</summary>
    public void Update(long bytes)
    {
        if (_measuredAt is { } measuredAt)
        {
            TimeSpan elapsed = time.GetElapsedTime(measuredAt);
            if (elapsed < MinElapsed)
            {
                return;
            }

            double recent = Math.Max(0, bytes - _bytes) / elapsed.TotalSeconds;
            _rate = _rate is { } rate ? rate + ((1 - Math.Exp(-elapsed / Memory)) * (recent - rate)) : recent;
        }
        else if (bytes == 0)
        {
            return;
        }

        _bytes = bytes;
        _measuredAt = time.GetTimestamp();
    }
}
