namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>
/// Congestion control for long fat paths: it keeps the path full and the queue short by its delay, and falls back to CUBIC
/// (RFC 9438) beside flows that fill the queue. The reasons are in <c>docs/sctp.md</c>.
/// </summary>
/// <remarks>
/// <para>Each flow aims at a part of the queue that is twice the root of its window, in packets, and moves towards it a half each
/// round trip (as FAST TCP does with a constant). All flows of a path see the same queue, and so aim at the same window.</para>
/// <para>Where the queue stays long all the same, others fill it, and where losses come without a queue, it is too short to be
/// seen: CUBIC reigns for some seconds.</para>
/// <para>In bytes of payload. Knows nothing of TSNs, timers or the wire.</para>
/// </remarks>
internal sealed class DelayCongestionControl(int maxPacketSize) : ICongestionControl
{
    /// <summary>Packets in flight at the start: RFC 6928 allows TCP ten.</summary>
    private const int InitialPackets = 10;
    private const int MinimumPackets = 4;

    /// <summary>How fast the window follows the delay, for each round trip.</summary>
    private const double Gain = 0.5;

    /// <summary>What a loss leaves of the window (RFC 9438 section 4.6).</summary>
    private const double LossBeta = 0.7;

    /// <summary>Part of a window that may be lost without a queue before it counts as congestion (as BBRv3 has it).</summary>
    private const double ToleratedLoss = 0.02;

    /// <summary>Rounds with a long queue in a row that show others to fill it.</summary>
    private const int MaxLongQueueRounds = 12;

    /// <summary>What is used of the window while it lets the queue run empty, so that all flows see how long the path itself is.</summary>
    private const double DrainShare = 0.75;
    private const int DrainRounds = 2;

    private static readonly TimeSpan DrainInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CubicPeriod = TimeSpan.FromSeconds(10);

    private readonly RoundTripRounds _rounds = new();
    private readonly CubicGrowth _cubic = new(maxPacketSize);
    private double _window = InitialPackets * (double)maxPacketSize;
    private double _slowStartThreshold = double.MaxValue;
    private bool _isSlowStart = true;
    private long _lostInRound;
    private int _longQueueRounds;

    /// <summary>The window when the queue was short last: what CUBIC goes back to first.</summary>
    private double _shortQueueWindow;
    private TimeSpan _nextDrain;
    private int _drainRoundsLeft;

    /// <summary>CUBIC until then.</summary>
    private TimeSpan _cubicEnds = TimeSpan.MinValue;

    /// <inheritdoc/>
    public long Window => (long)(_drainRoundsLeft > 0 ? _window * DrainShare : _window);

    /// <inheritdoc/>
    public void OnAcknowledged(TimeSpan now, int bytes, TimeSpan? roundTrip, bool isWindowFull, bool isRecovering)
    {
        if (roundTrip is { } measured && _rounds.Measure(now, measured))
        {
            EndRound(now);
        }

        bool mayGrow = isWindowFull && !isRecovering && _drainRoundsLeft == 0;
        if (_isSlowStart && _rounds.IsDelayRising)
        {
            EndSlowStart();
        }
        else if (mayGrow && _isSlowStart)
        {
            _window += bytes;
            _isSlowStart = _window < _slowStartThreshold;
        }
        else if (now < _cubicEnds)
        {
            _window = _cubic.Grow(now, _window, bytes, mayGrow);
        }
        else if (mayGrow)
        {
            double aim = 2 * Math.Sqrt(_window / maxPacketSize) * maxPacketSize;
            double queued = _window * (1 - _rounds.PathShare);
            _window = Math.Max(_window + (Gain * (aim - queued) * bytes / _window), MinimumPackets * maxPacketSize);
        }
    }

    /// <inheritdoc/>
    public bool OnLost(TimeSpan now, long bytes)
    {
        _lostInRound += bytes;
        if (_rounds.IsQueueShort && _lostInRound < _window * ToleratedLoss)
        {
            return false;
        }

        if (_rounds.IsQueueShort && !_isSlowStart)
        {
            BeginCubic(now); // the queue of this path is too small to be seen
        }

        Reduce(LossBeta);
        return true;
    }

    /// <inheritdoc/>
    public void OnTimeout()
    {
        Reduce(LossBeta);
        (_slowStartThreshold, _window, _isSlowStart) = (_window, maxPacketSize, true);
    }

    private void EndRound(TimeSpan now)
    {
        _lostInRound = 0;
        _drainRoundsLeft = Math.Max(0, _drainRoundsLeft - 1);
        if (now >= _nextDrain && !_isSlowStart && now >= _cubicEnds)
        {
            _drainRoundsLeft = DrainRounds;
            _nextDrain = now + DrainInterval;
        }

        if (_rounds.IsQueueShort || _isSlowStart)
        {
            _longQueueRounds = 0;
            _shortQueueWindow = _window;
        }
        else if (++_longQueueRounds > MaxLongQueueRounds && now >= _cubicEnds)
        {
            BeginCubic(now);
        }
    }

    private void BeginCubic(TimeSpan now)
    {
        _cubicEnds = now + CubicPeriod;
        _cubic.Begin(Math.Max(_window, _shortQueueWindow));
    }

    // The delay tells which part of what is in flight stands in the queue: that part is taken back.
    private void EndSlowStart()
    {
        _isSlowStart = false;
        _window = Math.Max(_window * _rounds.PathShare, MinimumPackets * maxPacketSize);
    }

    private void Reduce(double beta)
    {
        double before = _window;
        _window = Math.Max(_window * beta, MinimumPackets * maxPacketSize);
        _cubic.Reduce(before, _window);
        _isSlowStart = false;
        _lostInRound = 0;
    }
}
