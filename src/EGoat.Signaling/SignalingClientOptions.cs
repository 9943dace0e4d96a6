namespace EGoat.Signaling;

/// <summary>Where and as whom a <see cref="SignalingClient"/> joins.</summary>
public sealed record SignalingClientOptions
{
    /// <summary>The server's URL, http or https, with the path that a proxy puts before it; a fragment <c>#cert=…</c> pins its certificate.</summary>
    public required Uri Server { get; init; }

    /// <summary>The room.</summary>
    public required string Room { get; init; }

    /// <summary>This side's peer id.</summary>
    public required string Peer { get; init; }

    /// <summary>Time for one attempt to connect. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long joining for the first time is tried while the server is not there. Default 0: once.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.Zero;

    /// <summary>Called when the server is not there yet and joining goes on being tried: each reason once in a row, on any thread. Default: nobody is told.</summary>
    public Action<SignalingException>? Retrying { get; init; }

    /// <summary>The longest pause between attempts. Default 30 s.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A server of which nothing was heard for so long counts as lost; it is asked after half of it. Default 30 s.</summary>
    public TimeSpan SilenceTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where every wait takes its time from. Default: the system's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How a socket to the server is made.</summary>
    internal ISignalingConnector Connector { get; init; } = WebSocketConnector.Instance;
}
