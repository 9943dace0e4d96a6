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

    /// <summary>What the hub tells its members and allows them.</summary>
    public SignalingHubOptions Hub { get; init; } = new();

    /// <summary>Plain http off loopback. Pages then lack WebCrypto and the private file system. Default false.</summary>
    public bool InsecureHttp { get; init; }

    /// <summary>
    /// The folder that keeps what outlives the server, readable by its owner only: the TLS certificate, without which it cannot
    /// listen off loopback, and the token of the page. Default: none, and a new token each time.
    /// </summary>
    public string? DataFolder { get; init; }

    /// <summary>The name that the page proposes, such as the user's.</summary>
    public string Version { get; init; } = "0.1.0";

    /// <summary>The silence of a member after which it is asked for a sign of life, by a WebSocket ping. Default 15 s.</summary>
    internal TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a member has to answer before it is dropped. Default 30 s: a silent one is gone after 45 s.</summary>
    internal TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
