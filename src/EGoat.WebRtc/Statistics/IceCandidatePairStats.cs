using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Statistics;

/// <summary>A pair of candidates (W3C RTCIceCandidatePairStats). An immutable snapshot.</summary>
public sealed record IceCandidatePairStats
{
    /// <summary>This side's candidate (localCandidateId).</summary>
    public required IceCandidate Local { get; init; }

    /// <summary>The peer's candidate (remoteCandidateId).</summary>
    public required IceCandidate Remote { get; init; }

    /// <summary>The state of its check (state).</summary>
    public required CandidatePairState State { get; init; }

    /// <summary>Whether the controlling side has chosen it (nominated).</summary>
    public required bool IsNominated { get; init; }

    /// <summary>DTLS datagrams sent over it (packetsSent).</summary>
    public required long PacketsSent { get; init; }

    /// <summary>DTLS records received over it (packetsReceived).</summary>
    public required long PacketsReceived { get; init; }

    /// <summary>Bytes of the DTLS datagrams sent over it (bytesSent).</summary>
    public required long BytesSent { get; init; }

    /// <summary>Bytes of the DTLS records received over it (bytesReceived).</summary>
    public required long BytesReceived { get; init; }

    /// <summary>The round-trip time of the last check that was answered at once (currentRoundTripTime); null until there was one.</summary>
    public required TimeSpan? CurrentRoundTripTime { get; init; }

    /// <summary>Checks sent, repetitions and consent checks included (requestsSent and retransmissionsSent).</summary>
    public required long RequestsSent { get; init; }

    /// <summary>Authentic checks received (requestsReceived).</summary>
    public required long RequestsReceived { get; init; }

    /// <summary>Authentic answers received to checks of this side (responsesReceived).</summary>
    public required long ResponsesReceived { get; init; }

    /// <summary>Answers to checks of the peer (responsesSent).</summary>
    public required long ResponsesSent { get; init; }

    /// <summary>Checks that keep consent, among those sent (consentRequestsSent, RFC 7675).</summary>
    public required long ConsentRequestsSent { get; init; }
}
