namespace EGoat.WebRtc.Turn;

/// <summary>The server's permission for a peer's IP address to send through the allocation (RFC 8656 section 9).</summary>
internal sealed class TurnPermission
{
    /// <summary>Datagrams that wait for the permission; ICE repeats what goes beyond it.</summary>
    public const int MaxHeld = 8;

    public bool IsInstalled { get; set; }

    /// <summary>The server does not relay to this address: nothing is asked of it before this time.</summary>
    public TimeSpan RefusedUntil { get; set; }

    public TimeSpan RefreshAt { get; set; }

    /// <summary>When something was last sent there: a permission that nobody uses lapses.</summary>
    public TimeSpan LastUsed { get; set; }

    /// <summary>What was to be sent before the permission was there.</summary>
    public Queue<(TransportAddress Peer, byte[] Payload)> Held { get; } = new();
}

/// <summary>A channel of the allocation: four bytes in front of each datagram instead of thirty-six (RFC 8656 section 12).</summary>
internal sealed class TurnChannel(ushort number, TransportAddress peer)
{
    public ushort Number { get; } = number;

    public TransportAddress Peer { get; } = peer;

    public bool IsBound { get; set; }

    public TimeSpan RefreshAt { get; set; } = TimeSpan.MaxValue;
}
