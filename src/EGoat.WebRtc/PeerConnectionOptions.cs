using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc;

/// <summary>How a <see cref="PeerConnection"/> is set up.</summary>
public sealed record PeerConnectionOptions
{
    /// <summary>What this side proves its identity with. The caller keeps it, and disposes of it after the connection.</summary>
    public required DtlsCertificate Certificate { get; init; }

    /// <summary>Times and bounds of ICE.</summary>
    public IceAgentOptions Ice { get; init; } = new();

    /// <summary>The longest message that is accepted, in bytes (<c>a=max-message-size</c>). Default 256 KiB.</summary>
    public int MaxMessageSize { get; init; } = 256 * 1024;

    /// <summary>Bytes that may be received and not read, over all channels. Default 4 MiB; at least twice <see cref="MaxMessageSize"/>.</summary>
    public int ReceiveWindow { get; init; } = 4 * 1024 * 1024;

    /// <summary>The most that <see cref="MaxDatagramSize"/> may be: what a DTLS record holds (RFC 6347 section 4.1), in round numbers.</summary>
    public const int DatagramSizeLimit = 16_064;

    /// <summary>
    /// The longest datagram that is tried on a path (RFC 8899), in bytes, with peers that know how. Default
    /// <see cref="DatagramSizeLimit"/>; <see cref="PeerConnection.BaseDatagramSize"/> is the least and means no trying.
    /// </summary>
    public int MaxDatagramSize { get; init; } = DatagramSizeLimit;

    /// <summary>Makes the ciphers that protect what is sent. Default: the platform's AES-GCM.</summary>
    public RecordCipherFactory CreateCipher { get; init; } = AesGcmRecordCipher.Create;

    /// <summary>Where it tells what it does, for people who look for a fault. Default: nowhere.</summary>
    public SubjectTrace? Trace { get; init; }
}
