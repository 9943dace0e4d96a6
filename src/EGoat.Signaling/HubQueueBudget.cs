namespace EGoat.Signaling;

/// <summary>The bytes that wait for members, in all.</summary>
internal sealed class HubQueueBudget(long max)
{
    private long _used;

    /// <summary>The bytes that wait.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Takes bytes; false when there are not as many left.</summary>
    public bool TryTake(int bytes)
    {
        // Nothing is taken that may not be kept: while it was, others would be refused what there is room for.
        long used = Used;
        while (used + bytes <= max)
        {
            long before = Interlocked.CompareExchange(ref _used, used + bytes, used);
            if (before == used)
            {
                return true;
            }

            used = before;
        }

        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Return(int bytes) => Interlocked.Add(ref _used, -bytes);
}
