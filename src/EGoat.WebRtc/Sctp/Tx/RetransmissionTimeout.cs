namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>The retransmission timeout from measured round trips (RFC 9260 section 6.3.1).</summary>
internal sealed class RetransmissionTimeout(TimeSpan initial, TimeSpan minimum, TimeSpan maximum)
{
    private TimeSpan _variation;
    private TimeSpan _base = initial;
    private int _backOff;

    /// <summary>SRTT; null before the first measurement.</summary>
    public TimeSpan? SmoothedRoundTripTime { get; private set; }

    /// <summary>RTO, doubled for each expiry since the last measurement.</summary>
    public TimeSpan Value
    {
        get
        {
            TimeSpan value = _base * (1L << Math.Min(_backOff, 10));
            return value > maximum ? maximum : value;
        }
    }

    public void Measure(TimeSpan roundTrip)
    {
        if (SmoothedRoundTripTime is { } smoothed)
        {
            _variation = (0.75 * _variation) + (0.25 * (smoothed - roundTrip).Duration());
            SmoothedRoundTripTime = (0.875 * smoothed) + (0.125 * roundTrip);
        }
        else
        {
            _variation = roundTrip / 2;
            SmoothedRoundTripTime = roundTrip;
        }

        TimeSpan computed = SmoothedRoundTripTime.Value + (4 * _variation);
        _base = computed < minimum ? minimum : computed;
        _backOff = 0;
    }

    public void BackOff() => _backOff++;
}
