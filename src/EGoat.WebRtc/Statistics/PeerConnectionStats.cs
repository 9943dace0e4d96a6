namespace EGoat.WebRtc.Statistics;

/// <summary>
/// What a connection has done so far, in the words of the W3C's "Identifiers for WebRTC's Statistics API": its
/// RTCPeerConnectionStats, and the other dictionaries that belong to it. An immutable snapshot; counters begin at 0 with the
/// connection and only rise.
/// </summary>
public sealed record PeerConnectionStats
{
    /// <summary>When the snapshot was taken, on the clock of the connection.</summary>
    public required TimeSpan Timestamp { get; init; }

    /// <summary>The state then.</summary>
    public required PeerConnectionState State { get; init; }

    /// <summary>Data channels that have been open (dataChannelsOpened).</summary>
    public required long DataChannelsOpened { get; init; }

    /// <summary>Data channels that have been open and are not any more (dataChannelsClosed).</summary>
    public required long DataChannelsClosed { get; init; }

    /// <summary>Messages given to all channels for sending, those that are closed by now included.</summary>
    public required long MessagesSent { get; init; }

    /// <summary>Messages received on all channels, those that are closed by now included.</summary>
    public required long MessagesReceived { get; init; }

    /// <summary>ICE and DTLS (RTCTransportStats).</summary>
    public required TransportStats Transport { get; init; }

    /// <summary>SCTP (RTCSctpTransportStats).</summary>
    public required SctpTransportStats SctpTransport { get; init; }

    /// <summary>The pairs of candidates of the present ICE session, best first (RTCIceCandidatePairStats).</summary>
    public required IReadOnlyList<IceCandidatePairStats> CandidatePairs { get; init; }

    /// <summary>The channels that are not closed (RTCDataChannelStats).</summary>
    public required IReadOnlyList<DataChannelStats> DataChannels { get; init; }

    /// <summary>The pair that data goes over (selectedCandidatePairId); null while there is none.</summary>
    public IceCandidatePairStats? SelectedCandidatePair => Transport.SelectedCandidatePair;
}
