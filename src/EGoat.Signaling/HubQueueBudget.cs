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
        if (Interlocked.Add(ref _used, bytes) <= max)
        {
            return true;
        }

        Return(bytes);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Return(int bytes) => Interlocked.Add(ref _used, -bytes);
}
