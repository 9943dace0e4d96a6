namespace EGoat.Signaling;

/// <summary>A token bucket for the messages of one member. Not thread-safe.</summary>
internal sealed class MessageRate(int perSecond, int burst, TimeProvider time)
{
    private double _tokens = burst;
    private long _last = time.GetTimestamp();

    /// <summary>Takes a message; waits when there were too many.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        long now = time.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_last, now).TotalSeconds * perSecond)) - 1;
        _last = now;
        if (_tokens < 0)
        {
            await Task.Delay(TimeSpan.FromSeconds(-_tokens / perSecond), time, cancellationToken).ConfigureAwait(false);
        }
    }
}
