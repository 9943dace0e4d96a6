namespace EGoat.WebRtc.Dtls;

/// <summary>Where a connection stands, in the words of the W3C's RTCDtlsTransportState.</summary>
public enum DtlsState
{
    /// <summary>Not started: what arrives is handled, nothing is sent.</summary>
    New,

    /// <summary>The handshake is under way.</summary>
    Connecting,

    /// <summary>The peer's certificate and Finished were verified; application data flows.</summary>
    Connected,

    /// <summary>Closed by either side with close_notify, or disposed.</summary>
    Closed,

    /// <summary>Ended by an error. There is no way back.</summary>
    Failed,
}
