namespace EGoat.WebRtc.Ice;

/// <summary>
/// The state of a pair's check (RFC 8445 section 6.1.2.6, W3C RTCStatsIceCandidatePairState). With one component and one stream
/// nothing is ever frozen.
/// </summary>
public enum CandidatePairState
{
    /// <summary>Not checked yet.</summary>
    Waiting,

    /// <summary>A check was sent and not answered yet.</summary>
    InProgress,

    /// <summary>A check was answered: the path works.</summary>
    Succeeded,

    /// <summary>No check was answered, or not as it should be.</summary>
    Failed,
}
