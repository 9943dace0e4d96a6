namespace EGoat.WebRtc.Ice;

/// <summary>How a candidate's address was learnt (RFC 8445 section 5.1.1, W3C RTCIceCandidateType).</summary>
public enum IceCandidateType
{
    /// <summary>An address of this host's own.</summary>
    Host,

    /// <summary>The address in front of a NAT, as a STUN server saw it.</summary>
    ServerReflexive,

    /// <summary>The address in front of a NAT, as the peer saw it in a connectivity check.</summary>
    PeerReflexive,

    /// <summary>An address on a TURN server.</summary>
    Relayed,
}
