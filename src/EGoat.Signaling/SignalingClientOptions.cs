namespace EGoat.Signaling;

/// <summary>Where and as whom a <see cref="SignalingClient"/> joins.</summary>
public sealed record SignalingClientOptions
{
    /// <summary>The server's URL, http or https; a fragment <c>#cert=…</c> pins its certificate.</summary>
    public required Uri Server { get; init; }

    /// <summary>The room.</summary>
    public required string Room { get; init; }

    /// <summary>This side's peer id.</summary>
    public required string Peer { get; init; }

    /// <summary>Time for one attempt to connect. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest pause between attempts. Default 5 s.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(5);
}
