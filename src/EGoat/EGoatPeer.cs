namespace EGoat;

/// <summary>Whether a peer of a room can be reached now.</summary>
public enum EGoatPeerState
{
    /// <summary>A connection is being made.</summary>
    Connecting,

    /// <summary>Connected: messages and files flow.</summary>
    Connected,

    /// <summary>Nothing was heard from it for 10 seconds; it is no longer counted as present.</summary>
    Disconnected,

    /// <summary>It left, or was not heard from for 30 seconds, and has been removed.</summary>
    Left,
}

/// <summary>A peer of a joined room. An immutable snapshot.</summary>
public sealed record EGoatPeer
{
    /// <summary>The peer id: 16 random bytes in base32 that the peer drew for this room.</summary>
    public required string Id { get; init; }

    /// <summary>The name of the room.</summary>
    public required string Room { get; init; }

    /// <summary>The name the peer gave itself; empty until its hello has arrived.</summary>
    public required string Name { get; init; }

    /// <summary>The identity id from the certificate that DTLS verified; empty until connected.</summary>
    public required string Identity { get; init; }

    /// <summary>Whether it can be reached.</summary>
    public required EGoatPeerState State { get; init; }

    /// <summary>Whether it accepts files offered to the room.</summary>
    public bool AcceptsFiles { get; init; }

    /// <summary>The address of the peer's end of the connection, for people to read; empty until connected.</summary>
    public string Address { get; init; } = "";

    /// <summary>When it connected (UTC); null until then.</summary>
    public DateTimeOffset? ConnectedAt { get; init; }

    /// <summary>What the connection has done so far; null without one.</summary>
    public EGoatPeerStatistics? Statistics { get; init; }

    /// <summary>Its name, or its peer id while it has none, fit to be shown (<see cref="VisibleText"/>).</summary>
    public override string ToString() => VisibleText.Line(Name.Length > 0 ? Name : Id);
}
