namespace EGoat.WebRtc.DataChannels;

/// <summary>What happened to a channel.</summary>
public enum DataChannelEventType
{
    /// <summary>The peer has opened the channel (W3C <c>datachannel</c>).</summary>
    Incoming,

    /// <summary><see cref="DataChannel.ReadyState"/> changed (W3C <c>open</c>, <c>closing</c>, <c>close</c>).</summary>
    StateChanged,

    /// <summary>A message can be read where none could before (W3C <c>message</c>).</summary>
    MessageAvailable,

    /// <summary>The buffered amount fell to the threshold (W3C <c>bufferedamountlow</c>).</summary>
    BufferedAmountLow,
}

/// <summary>An event of a channel.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Channel">To which channel.</param>
public readonly record struct DataChannelEvent(DataChannelEventType Type, DataChannel Channel);
