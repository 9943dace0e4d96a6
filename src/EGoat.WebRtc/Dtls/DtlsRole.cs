namespace EGoat.WebRtc.Dtls;

/// <summary>Which side of the handshake a connection plays. SDP decides it with <c>a=setup</c> (RFC 8842 section 5).</summary>
public enum DtlsRole
{
    /// <summary>Sends the ClientHello: <c>a=setup:active</c>.</summary>
    Client,

    /// <summary>Waits for the ClientHello: <c>a=setup:passive</c>.</summary>
    Server,
}
