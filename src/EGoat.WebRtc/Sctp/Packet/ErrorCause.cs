namespace EGoat.WebRtc.Sctp.Packet;

/// <summary>Cause codes of ERROR and ABORT (RFC 9260 section 3.3.10).</summary>
internal enum ErrorCause : ushort
{
    StaleCookie = 3,
    UnrecognizedChunkType = 6,
    NoUserData = 9,
    CookieReceivedWhileShuttingDown = 10,
    UserInitiatedAbort = 12,
    ProtocolViolation = 13,
}
