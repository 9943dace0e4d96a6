using EGoat.WebRtc.DataChannels;

namespace EGoat.WebRtc.Statistics;

/// <summary>A data channel (W3C RTCDataChannelStats). An immutable snapshot.</summary>
public sealed record DataChannelStats
{
    /// <summary>The name that its opener gave it (label).</summary>
    public required string Label { get; init; }

    /// <summary>The subprotocol that its opener named (protocol).</summary>
    public required string Protocol { get; init; }

    /// <summary>The stream; null until the connection has chosen it (dataChannelIdentifier).</summary>
    public required int? DataChannelIdentifier { get; init; }

    /// <summary>The state (state).</summary>
    public required DataChannelState State { get; init; }

    /// <summary>Messages given to it for sending (messagesSent).</summary>
    public required long MessagesSent { get; init; }

    /// <summary>Bytes of these messages (bytesSent).</summary>
    public required long BytesSent { get; init; }

    /// <summary>Messages received (messagesReceived).</summary>
    public required long MessagesReceived { get; init; }

    /// <summary>Bytes of these messages (bytesReceived).</summary>
    public required long BytesReceived { get; init; }

    /// <summary>Bytes given to it that have not been sent yet (W3C bufferedAmount).</summary>
    public required long BufferedAmount { get; init; }
}
