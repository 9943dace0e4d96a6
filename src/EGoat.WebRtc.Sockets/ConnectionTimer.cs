namespace EGoat.WebRtc.Sockets;

/// <summary>One thread that wakes connections, and what else waits, when their time has come.</summary>
internal sealed class ConnectionTimer : IDisposable
{
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _changed = new(initialState: false);
    private readonly List<ITimed> _members = [];
    private readonly Thread _thread;

    /// <summary>When the thread wakes next; ticks of <see cref="MonotonicClock"/>.</summary>
    private long _wakeAt = long.MaxValue;
    private volatile bool _isDisposed;

    public ConnectionTimer()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "E-Goat timer" };
        _thread.Start();
    }

    public void Add(ITimed member)
    {
        lock (_gate)
        {
            _members.Add(member);
        }
    }

    public void Remove(ITimed member)
    {
        lock (_gate)
        {
            _members.Remove(member);
        }
    }

    /// <summary>Somebody wants to be woken at this time.</summary>
    public void Schedule(TimeSpan at)
    {
        if (at.Ticks < Volatile.Read(ref _wakeAt))
        {
            _changed.Set();
        }
    }

    public void Dispose()
    {
        _isDisposed = true;
        _changed.Set();
        if (Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }

        _changed.Dispose();
    }

    private void Run()
    {
        ITimed[] due = [];
        while (!_isDisposed)
        {
            lock (_gate)
            {
                due = [.. _members];
            }

            TimeSpan now = MonotonicClock.Now;
            long wakeAt = long.MaxValue;
            Volatile.Write(ref _wakeAt, long.MaxValue);
            foreach (ITimed member in due)
            {
                if (member.NextTimeout.Ticks <= now.Ticks)
                {
                    member.HandleTimeout();
                }

                wakeAt = Math.Min(wakeAt, member.NextTimeout.Ticks);
            }

            Volatile.Write(ref _wakeAt, wakeAt);

            // Whoever schedules an earlier time from here on sets the event; times set since the loop above are read again.
            foreach (ITimed member in due)
            {
                wakeAt = Math.Min(wakeAt, member.NextTimeout.Ticks);
            }

            if (wakeAt == long.MaxValue)
            {
                _changed.WaitOne();
            }
            else
            {
                double wait = Math.Ceiling(new TimeSpan(wakeAt - MonotonicClock.Now.Ticks).TotalMilliseconds);
                if (wait > 0)
                {
                    _changed.WaitOne((int)Math.Min(wait, int.MaxValue));
                }
            }
        }
    }
}
