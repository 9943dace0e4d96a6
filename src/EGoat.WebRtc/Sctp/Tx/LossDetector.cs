namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>Decides from the order and the time of sending what is lost (RACK, RFC 8985 section 6).</summary>
/// <remarks>
/// On a path that has never reordered, a chunk is lost when something sent three chunks later has arrived. Once reordering was
/// seen, only time tells: a chunk is lost when something sent a reordering window later has arrived, or as much time has passed
/// beyond a round trip.
/// </remarks>
internal sealed class LossDetector
{
    private const int Threshold = 3;

    /// <summary>The window grows, by this much of the shortest round trip, while the peer reports duplicates (RFC 8985 section 6.2, step 4).</summary>
    private const int WindowsPerRoundTrip = 4;
    private const int MaxWindows = 16;

    private long _newestSendOrder;
    private TimeSpan _newestSentAt;
    private TimeSpan _latestRoundTrip;
    private TimeSpan _minRoundTrip = TimeSpan.MaxValue;
    private int _windows = 1;
    private TimeSpan _nextWidening;

    /// <summary>Whether something arrived after what was sent later.</summary>
    public bool HasReordering { get; private set; }

    /// <summary>How much later something may arrive than what was sent after it.</summary>
    public TimeSpan ReorderingWindow
    {
        get
        {
            TimeSpan window = _minRoundTrip == TimeSpan.MaxValue ? TimeSpan.Zero : _minRoundTrip * _windows / WindowsPerRoundTrip;
            return window < _latestRoundTrip ? window : _latestRoundTrip;
        }
    }

    /// <summary>A chunk was acknowledged for the first time.</summary>
    public void OnAcknowledged(TimeSpan now, in OutstandingChunk chunk)
    {
        TimeSpan roundTrip = now - chunk.SentAt;
        if (chunk.Transmissions == 1)
        {
            HasReordering |= chunk.SendOrder < _newestSendOrder;
            _minRoundTrip = roundTrip < _minRoundTrip ? roundTrip : _minRoundTrip;
        }
        else if (roundTrip < _minRoundTrip)
        {
            return; // that was the transmission before (RFC 8985 section 6.2, step 2)
        }

        _latestRoundTrip = roundTrip;
    }

    /// <summary>The chunk that was sent last of those which a SACK acknowledged.</summary>
    public void OnNewest(long sendOrder, TimeSpan sentAt)
    {
        if (sendOrder > _newestSendOrder)
        {
            (_newestSendOrder, _newestSentAt) = (sendOrder, sentAt);
        }
    }

    /// <summary>The peer received something twice: what was sent again was not lost.</summary>
    public void OnDuplicate(TimeSpan now)
    {
        HasReordering = true;
        if (now >= _nextWidening)
        {
            _windows = Math.Min(_windows + 1, MaxWindows);
            _nextWidening = now + _latestRoundTrip;
        }
    }

    /// <summary>Whether something sent later has arrived: only then it may be lost.</summary>
    public bool IsOvertaken(in OutstandingChunk chunk) => chunk.SendOrder < _newestSendOrder;

    public bool IsLost(TimeSpan now, in OutstandingChunk chunk) =>
        (!HasReordering && _newestSendOrder - chunk.SendOrder >= Threshold) ||
        chunk.SentAt + ReorderingWindow < _newestSentAt ||
        LostAt(chunk) <= now;

    /// <summary>When an overtaken chunk counts as lost.</summary>
    public TimeSpan LostAt(in OutstandingChunk chunk) => chunk.SentAt + _latestRoundTrip + ReorderingWindow;
}
