namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>How many bytes may be in flight (RFC 9260 section 7.2), counted in bytes rather than in acknowledgements.</summary>
internal sealed class CongestionControl(int maxPacketSize)
{
    /// <summary>Packets in flight at the start: RFC 6928 allows TCP ten; RFC 9260 says three or four.</summary>
    private const int InitialPackets = 10;

    private const int MinimumPackets = 4;

    private long _acknowledgedInAvoidance;

    /// <summary>cwnd in bytes.</summary>
    public long Window { get; private set; } = InitialPackets * maxPacketSize;

    /// <summary>ssthresh in bytes.</summary>
    public long SlowStartThreshold { get; private set; } = long.MaxValue;

    /// <summary>Bytes were acknowledged; the window grows only where it was the limit (RFC 9260 section 7.2.1).</summary>
    public void OnAcknowledged(int bytes, bool isWindowFull)
    {
        if (!isWindowFull)
        {
            return;
        }

        if (Window < SlowStartThreshold)
        {
            Window += bytes;
            return;
        }

        _acknowledgedInAvoidance += bytes;
        if (_acknowledgedInAvoidance >= Window)
        {
            _acknowledgedInAvoidance -= Window;
            Window += maxPacketSize;
        }
    }

    /// <summary>Gaps showed a loss: once a round trip (RFC 9260 section 7.2.3).</summary>
    public void OnFastRetransmit()
    {
        SlowStartThreshold = Math.Max(Window / 2, MinimumPackets * maxPacketSize);
        Window = SlowStartThreshold;
        _acknowledgedInAvoidance = 0;
    }

    /// <summary>T3 expired (RFC 9260 section 7.2.3).</summary>
    public void OnTimeout()
    {
        SlowStartThreshold = Math.Max(Window / 2, MinimumPackets * maxPacketSize);
        Window = maxPacketSize;
        _acknowledgedInAvoidance = 0;
    }
}
