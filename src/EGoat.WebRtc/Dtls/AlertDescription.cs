namespace EGoat.WebRtc.Dtls;

/// <summary>The alerts that this engine sends or treats specially (RFC 5246 section 7.2, RFC 7507, RFC 8446 section 6).</summary>
internal enum AlertDescription : byte
{
    CloseNotify = 0,
    UnexpectedMessage = 10,
    HandshakeFailure = 40,
    BadCertificate = 42,
    UnsupportedCertificate = 43,
    IllegalParameter = 47,
    DecodeError = 50,
    DecryptError = 51,
    ProtocolVersion = 70,
    InternalError = 80,
    NoRenegotiation = 100,
    UnsupportedExtension = 110,
}

/// <summary>Whether an alert ends the connection (RFC 5246 section 7.2).</summary>
internal enum AlertLevel : byte
{
    Warning = 1,
    Fatal = 2,
}

/// <summary>Why a handshake cannot go on: the alert for the peer and a sentence for our own log.</summary>
internal readonly record struct HandshakeError(AlertDescription Alert, string Reason);
