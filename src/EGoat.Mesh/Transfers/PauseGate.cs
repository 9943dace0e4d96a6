namespace EGoat.Mesh.Transfers;

/// <summary>Whether a transfer is paused, by either side.</summary>
internal sealed class PauseGate
{
    private readonly Lock _gate = new();
    private bool _here;
    private bool _there;
    private TaskCompletionSource? _resumed;

    /// <summary>Called when a pause has ended; it does not wait for anything.</summary>
    public Action? Resumed { get; set; }

    /// <summary>Whether either side has paused it.</summary>
    public bool IsPaused
    {
        get
        {
            lock (_gate)
            {
                return _resumed is not null;
            }
        }
    }

    /// <summary>Whether this side has paused it.</summary>
    public bool IsPausedHere
    {
        get
        {
            lock (_gate)
            {
                return _here;
            }
        }
    }

    /// <summary>This side pauses or resumes; false when it has already.</summary>
    public bool SetHere(bool paused)
    {
        lock (_gate)
        {
            bool changed = _here != paused;
            _here = paused;
            Update();
            return changed;
        }
    }

    /// <summary>The other side pauses or resumes.</summary>
    public void SetThere(bool paused)
    {
        lock (_gate)
        {
            _there = paused;
            Update();
        }
    }

    /// <summary>Waits while it is paused.</summary>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return _resumed is null ? ValueTask.CompletedTask : new ValueTask(_resumed.Task.WaitAsync(cancellationToken));
        }
    }

    private void Update()
    {
        if (_here || _there)
        {
            _resumed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        else if (_resumed is not null)
        {
            Resumed?.Invoke();
            _resumed.TrySetResult();
            _resumed = null;
        }
    }
}
