namespace EGoat.WebRtc.Statistics;

/// <summary>The SCTP association of a connection (W3C RTCSctpTransportStats, and what a reader of them asks next). An immutable snapshot.</summary>
public sealed record SctpTransportStats
{
    /// <summary>The smoothed round-trip time, SRTT of RFC 9260 section 6.3.1 (smoothedRoundTripTime); null until measured.</summary>
    public required TimeSpan? SmoothedRoundTripTime { get; init; }

    /// <summary>Bytes of payload that may be in flight, cwnd of RFC 9260 section 7.2.1 (congestionWindow); 0 before the handshake.</summary>
    public required long CongestionWindow { get; init; }

    /// <summary>Bytes of payload that the peer has room for, as it last said (receiverWindow); 0 before the handshake.</summary>
    public required long ReceiverWindow { get; init; }

    /// <summary>The longest packet that is sent without probing, in bytes (mtu).</summary>
    public required int Mtu { get; init; }

    /// <summary>DATA chunks that were sent and not acknowledged cumulatively (unackData).</summary>
    public required long UnackData { get; init; }

    /// <summary>Bytes of payload in flight.</summary>
    public required long FlightSize { get; init; }

    /// <summary>DATA chunks that were sent again.</summary>
    public required long Retransmissions { get; init; }

    /// <summary>How often T3-rtx has expired with data in flight (RFC 9260 section 6.3.3).</summary>
    public required long RetransmissionTimeouts { get; init; }

    /// <summary>Packets that were malformed or not for this association.</summary>
    public required long DroppedPackets { get; init; }
}
