using System.Net.NetworkInformation;
using System.Net.Security;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Sockets;

/// <summary>How an <see cref="RtcHost"/> is set up.</summary>
public sealed record RtcHostOptions
{
    /// <summary>What this side proves its identity with. It must outlive the host.</summary>
    public required DtlsCertificate Certificate { get; init; }

    /// <summary>Whether loopback addresses are candidates: for peers on this machine, and only then. Default false.</summary>
    public bool IncludeLoopback { get; init; }

    /// <summary>
    /// Decides which network interfaces have host candidates. Null, the default, allows all. What is sent takes the interface that
    /// the system's routes say; <see cref="IceAgentOptions.AddressFilter"/> keeps addresses of peers out.
    /// </summary>
    public Func<NetworkInterface, bool>? InterfaceFilter { get; init; }

    /// <summary>Whether IPv6 is used. Default true.</summary>
    public bool IncludeIPv6 { get; init; } = true;

    /// <summary>STUN and TURN servers to ask from the beginning; <see cref="RtcHost.AddIceServers"/> adds more.</summary>
    public IReadOnlyList<IceServer> IceServers { get; init; } = [];

    /// <summary>Whether only relayed candidates are used (W3C iceTransportPolicy "relay"): peers then never learn this machine's addresses. Default false.</summary>
    public bool RelayOnly { get; init; }

    /// <summary>Decides about the certificate of a TURN server over TLS; null asks the system's trust.</summary>
    public RemoteCertificateValidationCallback? ValidateServerCertificate { get; init; }

    /// <summary>How long after a failure, or after its stream has ended, a server is tried again. Default 10 s.</summary>
    internal TimeSpan ServerRetryInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Times and bounds of ICE.</summary>
    public IceAgentOptions Ice { get; init; } = new();

    /// <summary>Bytes asked of the kernel for each socket's receive buffer; what it grants may be less. Default 4 MiB.</summary>
    public int ReceiveBufferSize { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Whether the kernel cuts and joins datagrams (UDP_SEGMENT, UDP_GRO), where it can. Default true; the environment variable
    /// <c>EGOAT_GSO=off</c> says no for the whole process.
    /// </summary>
    public bool UseSegmentationOffload { get; init; } = true;

    /// <summary>
    /// The longest datagram that is tried on a path, in bytes (RFC 8899); nothing longer than
    /// <see cref="PeerConnection.BaseDatagramSize"/> is used before it has arrived once. Default <see cref="PeerConnectionOptions.DatagramSizeLimit"/>.
    /// </summary>
    public int MaxDatagramSize { get; init; } = PeerConnectionOptions.DatagramSizeLimit;

    /// <summary>Bytes of a connection that may be received and not read. Default 4 MiB.</summary>
    public int ReceiveWindow { get; init; } = 4 * 1024 * 1024;

    /// <summary>Makes the ciphers of records: OpenSSL's where it is, else the platform's.</summary>
    internal RecordCipherFactory? CreateCipher { get; init; } = OpenSslRecordCipher.IsSupported ? OpenSslRecordCipher.Create : null;

    /// <summary>Where the host and its connections tell what they do, for people who look for a fault. Default: nowhere.</summary>
    public Tracer? Tracer { get; init; }

    /// <summary>Where the machine's addresses are learnt; a test has its own.</summary>
    internal ILocalAddresses Addresses { get; init; } = LocalAddresses.System;
}
