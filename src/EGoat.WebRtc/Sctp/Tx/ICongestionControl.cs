namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>Decides how many bytes may be in flight.</summary>
internal interface ICongestionControl
{
    /// <summary>cwnd in bytes of payload.</summary>
    long Window { get; }

    /// <summary>Payload was acknowledged.</summary>
    /// <param name="now">The present time.</param>
    /// <param name="bytes">How much, for the first time.</param>
    /// <param name="roundTrip">A round trip, where one could be measured.</param>
    /// <param name="isWindowFull">Whether the window was the limit; else it does not grow (RFC 9260 section 7.2.1).</param>
    /// <param name="isRecovering">Whether losses from before the last reduction are still being repaired.</param>
    void OnAcknowledged(TimeSpan now, int bytes, TimeSpan? roundTrip, bool isWindowFull, bool isRecovering);

    /// <summary>Payload was lost, and no recovery is under way. True when the window was reduced for it: a recovery begins.</summary>
    /// <param name="now">The present time.</param>
    /// <param name="bytes">How much.</param>
    bool OnLost(TimeSpan now, long bytes);

    /// <summary>T3 expired: nothing was acknowledged for an RTO.</summary>
    void OnTimeout();
}
