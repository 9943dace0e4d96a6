namespace EGoat.Mesh;

/// <summary>Who has not confirmed a message yet.</summary>
internal sealed class PendingReceipts
{
    private readonly HashSet<string> _peers;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PendingReceipts(IEnumerable<string> peers)
    {
        _peers = [.. peers];
        CompleteIfDone();
    }

    /// <summary>Completes when everybody has confirmed or left.</summary>
    public Task Completion => _completion.Task;

    /// <summary>A peer has confirmed, or will never. True when nobody is left.</summary>
    public bool Remove(string peer)
    {
        lock (_peers)
        {
            _peers.Remove(peer);
            return CompleteIfDone();
        }
    }

    private bool CompleteIfDone()
    {
        if (_peers.Count == 0)
        {
            _completion.TrySetResult();
            return true;
        }

        return false;
    }
}
