namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>How CUBIC's window grows (RFC 9438 section 4): back to where it was reduced last, then on, ever faster; never slower than Reno's.</summary>
internal sealed class CubicGrowth(int segmentSize)
{
    /// <summary>RFC 9438 section 5: segments per second cubed.</summary>
    private const double Scale = 0.4;
    private const double Beta = 0.7;

    /// <summary>RFC 9438 section 4.3.</summary>
    private const double RenoGrowth = 3 * (1 - Beta) / (1 + Beta);

    /// <summary>W_max in bytes.</summary>
    private double _plateau;

    /// <summary>W_est in bytes.</summary>
    private double _renoWindow;

    /// <summary>The window at the beginning of the epoch.</summary>
    private double _epochWindow;
    private TimeSpan? _epochStart;
    private TimeSpan _last;

    /// <summary>Starts anew, towards a window that the path has carried.</summary>
    public void Begin(double plateau)
    {
        _plateau = plateau;
        _epochStart = null;
    }

    /// <summary>The window was reduced; who was reduced before it came back to its plateau leaves room for others (RFC 9438 section 4.7).</summary>
    public void Reduce(double before, double after)
    {
        _plateau = before < _plateau ? (before + after) / 2 : before;
        _epochStart = null;
    }

    /// <summary>Bytes were acknowledged; returns the new window.</summary>
    public double Grow(TimeSpan now, double window, int bytes, bool mayGrow)
    {
        if (_epochStart is null)
        {
            (_epochStart, _epochWindow, _renoWindow, _last) = (now, window, window, now);
        }

        if (!mayGrow)
        {
            _epochStart += now - _last; // RFC 9438 section 5.8: time in which nothing could grow does not count
            _last = now;
            return window;
        }

        _last = now;
        double t = (now - _epochStart.Value).TotalSeconds - Math.Cbrt(Math.Max(0, _plateau - _epochWindow) / segmentSize / Scale);
        double cubic = _plateau + (Scale * t * t * t * segmentSize);
        _renoWindow += RenoGrowth * bytes / window * segmentSize;
        double target = Math.Clamp(Math.Max(cubic, _renoWindow), window, 1.5 * window);
        return window + ((target - window) * bytes / window);
    }
}
