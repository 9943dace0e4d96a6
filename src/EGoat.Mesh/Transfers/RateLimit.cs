namespace EGoat.Mesh.Transfers;

/// <summary>Keeps content below a number of bytes per second, on average over the last quarter of a second; shared by all who take part.</summary>
internal sealed class RateLimit(long? bytesPerSecond, TimeProvider time)
{
    /// <summary>How much may go at once after a silence, in seconds of the rate.</summary>
    private const double BurstSeconds = 0.25;

    private readonly Lock _gate = new();

    /// <summary>When everything that was let through so far will have taken its time.</summary>
    private double _paidUntil = double.NegativeInfinity;

    /// <summary>Waits until so many bytes may go.</summary>
    public async ValueTask WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        if (bytesPerSecond is not { } rate)
        {
            return;
        }

        TimeSpan wait;
        lock (_gate)
        {
            double now = time.GetTimestamp() / (double)time.TimestampFrequency;
            _paidUntil = Math.Max(_paidUntil, now - BurstSeconds) + (bytes / (double)rate);
            wait = TimeSpan.FromSeconds(Math.Max(0, _paidUntil - now));
        }

        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
