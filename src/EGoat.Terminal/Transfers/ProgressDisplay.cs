using System.Text;

namespace EGoat.Terminal;

/// <summary>
/// The progress of transfers at the end of a terminal's output, with lines scrolling by above. It draws at most ten times a
/// second, and nothing while nothing is under way. Thread-safe.
/// </summary>
public sealed class ProgressDisplay : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>While files stand still, the rate and the time left go on.</summary>
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(1);

    /// <summary>Lines that wait for the next drawing; one more is drawn at once.</summary>
    private const int MaxPending = 200;

    private readonly Lock _gate = new();
    private readonly ITerminal _terminal;
    private readonly LiveRegion _region;
    private readonly TransferTotals _totals;
    private readonly ITimer _timer;
    private readonly StringBuilder _pending = new();
    private int _pendingLines;

    /// <summary>After how long the next drawing was asked for; null when none is due.</summary>
    private TimeSpan? _scheduled;
    private bool _isDisposed;

    /// <summary>Creates one.</summary>
    /// <param name="terminal">Where it is drawn; disposed of with the display.</param>
    /// <param name="totals">What is drawn.</param>
    /// <param name="time">The clock.</param>
    public ProgressDisplay(ITerminal terminal, TransferTotals totals, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _terminal = terminal;
        _region = new LiveRegion(terminal);
        _totals = totals;
        _timer = time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The totals have changed.</summary>
    public void Update()
    {
        lock (_gate)
        {
            Schedule(Interval);
        }
    }

    /// <summary>Writes a line, or several, above.</summary>
    public void WriteLine(string text)
    {
        lock (_gate)
        {
            _pending.Append(text).Append('\n');
            if (++_pendingLines >= MaxPending || _isDisposed || !_totals.IsRunning)
            {
                Draw();
            }
            else
            {
                Schedule(Interval);
            }
        }
    }

    /// <summary>Takes the progress away; lines may still be written.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                _timer.Dispose();
                Draw();
                _terminal.Dispose();
            }
        }
    }

    private void Schedule(TimeSpan after)
    {
        if (!_isDisposed && (_scheduled is null || after < _scheduled))
        {
            _scheduled = after;
            _timer.Change(after, Timeout.InfiniteTimeSpan);
        }
    }

    private void Tick()
    {
        lock (_gate)
        {
            _scheduled = null;
            if (!_isDisposed)
            {
                Draw();
            }
        }
    }

    private void Draw()
    {
        IReadOnlyList<ScreenRow> rows = [];
        if (!_isDisposed && _totals.IsRunning)
        {
            int files = Math.Clamp(_terminal.Height - 3, 0, ProgressRows.MaxFiles);
            rows = ProgressRows.Create(_totals.Read(), _terminal.Width, files);
            Schedule(IdleInterval);
        }

        _region.Draw(_pending.ToString(), rows, Math.Max(0, rows.Count - 1));
        _pending.Clear();
        _pendingLines = 0;
    }
}
