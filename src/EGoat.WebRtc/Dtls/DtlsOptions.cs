namespace EGoat.WebRtc.Dtls;

/// <summary>The adjustable limits of a <see cref="DtlsConnection"/>.</summary>
internal sealed record DtlsOptions
{
    /// <summary>The smallest <see cref="MaxDatagramSize"/>: any record of the handshake's protected part fits into it.</summary>
    public const int MinDatagramSize = 100;

    /// <summary>The defaults.</summary>
    public static DtlsOptions Default { get; } = new();

    /// <summary>
    /// The largest datagram of the handshake in bytes; longer messages are fragmented (RFC 6347 section 4.2.3). The
    /// default of 1200 passes every IPv6 path. Application data is not limited by it.
    /// </summary>
    public int MaxDatagramSize { get; init; } = 1200;

    /// <summary>
    /// How long a flight waits for its answer before it is sent again, at first; each repetition doubles it
    /// (RFC 6347 section 4.2.4.1). The RFC's second is meant for unknown paths; here ICE has just proved a path, and a lost
    /// datagram should not cost the user a second. Default 250 ms.
    /// </summary>
    public TimeSpan InitialRetransmissionTimeout { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The limit of the doubling. Default 60 s (RFC 6298 section 2.4).</summary>
    public TimeSpan MaxRetransmissionTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a handshake may take from <see cref="DtlsConnection.Start"/> on before it fails. Default 30 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Makes the ciphers that protect records. Default: the platform's AES-GCM.</summary>
    public RecordCipherFactory CreateCipher { get; init; } = AesGcmRecordCipher.Create;
}
