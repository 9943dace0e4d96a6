namespace EGoat.WebRtc;

/// <summary>The state of a connection (W3C RTCPeerConnectionState).</summary>
public enum PeerConnectionState
{
    /// <summary>Offer and answer have not been exchanged.</summary>
    New,

    /// <summary>ICE, DTLS and SCTP are on their way.</summary>
    Connecting,

    /// <summary>Data channels work.</summary>
    Connected,

    /// <summary>The peer has been silent for a while; it may come back.</summary>
    Disconnected,

    /// <summary>It broke for good.</summary>
    Failed,

    /// <summary>Either side closed it.</summary>
    Closed,
}
