namespace EGoat.WebRtc.Sockets;

/// <summary>What happened to a connection.</summary>
/// <param name="State">The state it is in since.</param>
/// <param name="Reason">Why it failed, or what the peer gave as its reason to close it; else null.</param>
/// <param name="IncomingChannel">The channel that the peer has opened, if that is what happened.</param>
/// <param name="LocalCandidate">A candidate that the peer must be told of, or "" when there are no more (W3C icecandidate).</param>
public sealed record RtcEvent(PeerConnectionState State, string? Reason, RtcDataChannel? IncomingChannel, string? LocalCandidate = null);
