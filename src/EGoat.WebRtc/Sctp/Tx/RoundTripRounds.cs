namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>
/// What round trips tell about the queue of the path: the shortest of the last half minute is that of the path itself, and what
/// the shortest of a round is longer is queue.
/// </summary>
internal sealed class RoundTripRounds
{
    /// <summary>Measurements in a row whose shortest is trustworthy (RFC 9406 section 4.2, N_RTT_SAMPLE).</summary>
    private const int RunLength = 8;

    private static readonly TimeSpan HalfWindow = TimeSpan.FromSeconds(15);

    /// <summary>RFC 9406 section 4.2, MIN_RTT_THRESH and MAX_RTT_THRESH.</summary>
    private static readonly TimeSpan MinRise = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan MaxRise = TimeSpan.FromMilliseconds(16);

    /// <summary>A queue of less is always short: threads and radios cause as much.</summary>
    private static readonly TimeSpan MinLongQueue = TimeSpan.FromMilliseconds(10);

    /// <summary>In less time a sender and a receiver that share processors cannot work in batches: their threads, not queues, make such delays.</summary>
    private static readonly TimeSpan MinPath = TimeSpan.FromMilliseconds(4);

    private TimeSpan _previousShortest = TimeSpan.MaxValue;
    private TimeSpan _presentShortest = TimeSpan.MaxValue;
    private TimeSpan _presentEnds = TimeSpan.MinValue;

    private TimeSpan _roundEnds = TimeSpan.MinValue;
    private TimeSpan _roundShortest = TimeSpan.MaxValue;
    private TimeSpan? _lastRoundShortest;

    private TimeSpan _runShortest = TimeSpan.MaxValue;
    private int _runSamples;
    private TimeSpan _lastRunShortest;

    /// <summary>Whether the last round found the queue shorter than a quarter of the path; false before there was one.</summary>
    public bool IsQueueShort => _lastRoundShortest is { } last && last - Path < LongQueue;

    /// <summary>Whether a queue begins to stand (RFC 9406 section 4.2, but within a round: a window that doubles leaves no time to wait for its end).</summary>
    public bool IsDelayRising => _lastRunShortest - Path >= Rise;

    /// <summary>The part of what is in flight that the path itself holds; of a path shorter than <see cref="MinPath"/>, what one as long would.</summary>
    public double PathShare => _lastRunShortest <= MinPath ? 1 : (Path > MinPath ? Path : MinPath) / _lastRunShortest;

    private TimeSpan Path => _presentShortest < _previousShortest ? _presentShortest : _previousShortest;

    private TimeSpan LongQueue => Path / 4 > MinLongQueue ? Path / 4 : MinLongQueue;

    private TimeSpan Rise => Path / 8 < MinRise ? MinRise : Path / 8 > MaxRise ? MaxRise : Path / 8;

    /// <summary>True when a round has ended with this measurement.</summary>
    public bool Measure(TimeSpan now, TimeSpan roundTrip)
    {
        if (now >= _presentEnds)
        {
            (_previousShortest, _presentShortest, _presentEnds) = (_presentShortest, roundTrip, now + HalfWindow);
        }
        else if (roundTrip < _presentShortest)
        {
            _presentShortest = roundTrip;
        }

        MeasureRun(roundTrip);
        bool hasEnded = now >= _roundEnds;
        if (hasEnded)
        {
            _lastRoundShortest = _roundShortest == TimeSpan.MaxValue ? null : _roundShortest;
            (_roundEnds, _roundShortest) = (now + roundTrip, TimeSpan.MaxValue);
        }

        _roundShortest = roundTrip < _roundShortest ? roundTrip : _roundShortest;
        return hasEnded;
    }

    private void MeasureRun(TimeSpan roundTrip)
    {
        _runShortest = roundTrip < _runShortest ? roundTrip : _runShortest;
        if (++_runSamples == RunLength)
        {
            (_lastRunShortest, _runShortest, _runSamples) = (_runShortest, TimeSpan.MaxValue, 0);
        }
    }
}
