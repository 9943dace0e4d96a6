namespace EGoat.WebRtc.DataChannels;

/// <summary>How a channel delivers (W3C RTCDataChannelInit).</summary>
public sealed record DataChannelOptions
{
    /// <summary>Messages arrive in the order in which they were sent. Default true.</summary>
    public bool Ordered { get; init; } = true;

    /// <summary>Milliseconds after which a message is given up, 0 to 65535; null: never.</summary>
    public int? MaxPacketLifeTime { get; init; }

    /// <summary>Retransmissions after which a message is given up, 0 to 65535; null: never. Not together with <see cref="MaxPacketLifeTime"/>.</summary>
    public int? MaxRetransmits { get; init; }

    /// <summary>The subprotocol, at most 65535 bytes in UTF-8. Default empty.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>The channel's share against others when more waits than the path carries. Default <see cref="DataChannelPriority.Low"/>.</summary>
    public DataChannelPriority Priority { get; init; } = DataChannelPriority.Low;

    /// <summary>Both sides create the channel themselves with the same <see cref="Id"/>; nothing announces it. Default false.</summary>
    public bool Negotiated { get; init; }

    /// <summary>The stream, 0 to 65534. Required if <see cref="Negotiated"/>, else chosen by the connection.</summary>
    public int? Id { get; init; }
}
