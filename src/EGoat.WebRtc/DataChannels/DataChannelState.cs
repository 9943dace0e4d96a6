namespace EGoat.WebRtc.DataChannels;

/// <summary>The state of a data channel (W3C RTCDataChannelState).</summary>
public enum DataChannelState
{
    /// <summary>Waiting for the connection.</summary>
    Connecting,

    /// <summary>Messages can be sent.</summary>
    Open,

    /// <summary>One side has closed it; what was queued is still delivered.</summary>
    Closing,

    /// <summary>Over. Messages that came before can still be read.</summary>
    Closed,
}
