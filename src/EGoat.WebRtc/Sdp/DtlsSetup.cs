namespace EGoat.WebRtc.Sdp;

/// <summary>Who opens the DTLS connection (<c>a=setup</c>, RFC 8842 section 5).</summary>
internal enum DtlsSetup
{
    /// <summary>Either; the answer decides.</summary>
    ActPass,

    /// <summary>This end is the DTLS client.</summary>
    Active,

    /// <summary>This end is the DTLS server.</summary>
    Passive,
}
