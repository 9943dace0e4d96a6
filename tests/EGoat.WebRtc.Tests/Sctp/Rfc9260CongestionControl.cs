using EGoat.WebRtc.Sctp.Tx;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>The congestion control of RFC 9260 section 7.2 as it stands there: what other SCTP stacks on a path do.</summary>
internal sealed class Rfc9260CongestionControl(int maxPacketSize) : ICongestionControl
{
    private const int MinimumPackets = 4;

    private long _slowStartThreshold = long.MaxValue;
    private long _partialBytesAcknowledged;

    public long Window { get; private set; } = MinimumPackets * maxPacketSize;

    public void OnAcknowledged(TimeSpan now, int bytes, TimeSpan? roundTrip, bool isWindowFull, bool isRecovering)
    {
        if (!isWindowFull || isRecovering)
        {
            return;
        }

        if (Window <= _slowStartThreshold)
        {
            Window += Math.Min(bytes, maxPacketSize);
            return;
        }

        _partialBytesAcknowledged += bytes;
        if (_partialBytesAcknowledged >= Window)
        {
            _partialBytesAcknowledged -= Window;
            Window += maxPacketSize;
        }
    }

    public bool OnLost(TimeSpan now, long bytes)
    {
        _slowStartThreshold = Math.Max(Window / 2, MinimumPackets * maxPacketSize);
        Window = _slowStartThreshold;
        _partialBytesAcknowledged = 0;
        return true;
    }

    public void OnTimeout()
    {
        _slowStartThreshold = Math.Max(Window / 2, MinimumPackets * maxPacketSize);
        Window = maxPacketSize;
        _partialBytesAcknowledged = 0;
    }
}
