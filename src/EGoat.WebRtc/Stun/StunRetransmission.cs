namespace EGoat.WebRtc.Stun;

/// <summary>When a request to a server is sent, sent again and given up (RFC 8489 sections 6.2.1 and 6.2.2).</summary>
internal struct StunRetransmission(bool isReliable)
{
    /// <summary>Rc and Rm: so often it is sent, and so many initial timeouts after the last time it is given up.</summary>
    private const int MaxTransmissions = 7;
    private const int LastTimeoutFactor = 16;
    private static readonly TimeSpan InitialTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>Over a stream a request is sent once and waited for this long (Ti).</summary>
    private static readonly TimeSpan ReliableTimeout = TimeSpan.FromSeconds(39.5);

    private int _transmissions;

    /// <summary>When something is due; zero at first.</summary>
    public TimeSpan Due { get; private set; }

    public readonly bool IsGivenUp(TimeSpan now) => Due <= now && _transmissions >= (isReliable ? 1 : MaxTransmissions);

    public void HandleSent(TimeSpan now)
    {
        int factor = _transmissions == MaxTransmissions - 1 ? LastTimeoutFactor : 1 << _transmissions;
        Due = now + (isReliable ? ReliableTimeout : InitialTimeout * factor);
        _transmissions++;
    }
}
