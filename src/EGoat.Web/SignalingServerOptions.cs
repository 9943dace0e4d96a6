using System.Net;
using EGoat.Signaling;

namespace EGoat.Web;

/// <summary>Where a <see cref="SignalingServer"/> listens and what it tells peers.</summary>
public sealed record SignalingServerOptions
{
    /// <summary>The default port; a browser's identity and history belong to the origin, so it should not change.</summary>
    public const int DefaultPort = 4747;

    /// <summary>Where it listens. Default 127.0.0.1:4747; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, DefaultPort);

    /// <summary>The STUN and TURN servers that peers are told of.</summary>
    public IReadOnlyList<IceServerEntry> IceServers { get; init; } = [];

    /// <summary>Plain http off loopback. Pages then lack WebCrypto and the private file system. Default false.</summary>
    public bool InsecureHttp { get; init; }

    /// <summary>The folder that keeps the TLS certificate, made once; needed off loopback.</summary>
    public string? CertificateFolder { get; init; }

    /// <summary>The name that the page proposes, such as the user's.</summary>
    public string Version { get; init; } = "0.1.0";

    /// <summary>Takes a line about who joins, leaves and is refused; null for silence. Called under a lock: it must be quick.</summary>
    public Action<string>? Trace { get; init; }
}
