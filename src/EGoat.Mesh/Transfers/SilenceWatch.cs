namespace EGoat.Mesh.Transfers;

/// <summary>
/// Ends a transfer when the other side is silent for too long while nothing but the other side is waited for (docs/protocol.md §4,
/// Silence). Thread-safe.
/// </summary>
/// <remarks>One timer runs at most: it looks what was heard since it was set, and is set anew for the rest.</remarks>
internal sealed class SilenceWatch : IDisposable
{
    /// <summary>The limit when neither side asks for one.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(60);

    /// <summary>The longest limit that the other side can ask for.</summary>
    public static readonly TimeSpan MaxLimit = TimeSpan.FromDays(1);

    /// <summary>A timer that comes so much too late tells that this process slept, not that the other side was silent.</summary>
    private static readonly TimeSpan MaxLate = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(1);

    private readonly TimeSpan? _own;
    private readonly PauseGate _pause;
    private readonly TimeProvider _time;
    private readonly Action<string> _silent;
    private readonly ITimer _timer;

    /// <summary>Guards everything below.</summary>
    private readonly Lock _gate = new();
    private TimeSpan? _theirs;

    /// <summary>What is said when the wait takes too long; null while the other side is not waited for.</summary>
    private Func<TimeSpan, string>? _reason;
    private TimeSpan _atLeast;

    /// <summary>Waits for the other side that have not ended; a transfer may send in one and receive in another.</summary>
    private int _waits;
    private long _heardAt;
    private bool _isSet;
    private long _setAt;
    private TimeSpan _setFor;
    private bool _isDisposed;

    /// <param name="own">The silence that this side asks for; null for none in particular.</param>
    /// <param name="pause">What is paused is not silent.</param>
    /// <param name="time">The clock.</param>
    /// <param name="silent">Called once a wait has taken too long, with the reason for people.</param>
    public SilenceWatch(TimeSpan? own, PauseGate pause, TimeProvider time, Action<string> silent)
    {
        (_own, _pause, _time, _silent) = (own, pause, time, silent);
        _timer = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The silence that either side may keep: the longest that either asks for.</summary>
    public TimeSpan Limit
    {
        get
        {
            lock (_gate)
            {
                return Agreed();
            }
        }
    }

    /// <summary>The other side asks for a limit, in seconds; 0 asks for none.</summary>
    public void HandleRequest(uint seconds)
    {
        lock (_gate)
        {
            _theirs = seconds == 0 ? null : TimeSpan.FromSeconds(Math.Min(seconds, MaxLimit.TotalSeconds));
            _heardAt = _time.GetTimestamp();
            if (_reason is not null)
            {
                Set(GetLimit());
            }
        }
    }

    /// <summary>From now on the other side is waited for.</summary>
    /// <param name="reason">Makes the reason for people from the limit.</param>
    /// <param name="atLeast">A longer limit than the agreed one for this wait.</param>
    public void Begin(Func<TimeSpan, string> reason, TimeSpan atLeast = default)
    {
        lock (_gate)
        {
            _waits++;
            (_reason, _atLeast, _heardAt) = (reason, atLeast, _time.GetTimestamp());
            TimeSpan limit = GetLimit();
            if (!_isSet || _setFor - _time.GetElapsedTime(_setAt) > limit)
            {
                Set(limit);
            }
        }
    }

    /// <summary>Something has come from the other side.</summary>
    public void Heard()
    {
        lock (_gate)
        {
            _heardAt = _time.GetTimestamp();
        }
    }

    /// <summary>Such a wait is over.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (--_waits == 0)
            {
                _reason = null;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _reason = null;
        }

        _timer.Dispose();
    }

    private TimeSpan Agreed() => _own is { } own && _theirs is { } theirs ? (own > theirs ? own : theirs) : _own ?? _theirs ?? DefaultLimit;

    // Of this wait.
    private TimeSpan GetLimit()
    {
        TimeSpan agreed = Agreed();
        return agreed > _atLeast ? agreed : _atLeast;
    }

    private void Set(TimeSpan delay)
    {
        if (!_isDisposed)
        {
            (_isSet, _setAt, _setFor) = (true, _time.GetTimestamp(), delay < MinDelay ? MinDelay : delay);
            _timer.Change(_setFor, Timeout.InfiniteTimeSpan);
        }
    }

    private void Look()
    {
        string reason;
        bool isPaused = _pause.IsPaused; // never under the lock: the end of a pause takes the two the other way round
        lock (_gate)
        {
            _isSet = false;
            if (_reason is null)
            {
                return;
            }

            if (isPaused || _time.GetElapsedTime(_setAt) - _setFor > MaxLate)
            {
                _heardAt = _time.GetTimestamp();
            }

            TimeSpan limit = GetLimit();
            TimeSpan silence = _time.GetElapsedTime(_heardAt);
            if (silence < limit)
            {
                Set(limit - silence);
                return;
            }

            reason = _reason(limit);
            _reason = null;
        }

        _silent(reason);
    }
}
