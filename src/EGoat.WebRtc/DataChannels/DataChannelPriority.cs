namespace EGoat.WebRtc.DataChannels;

/// <summary>How much a channel may send against others: twice as much from step to step (W3C RTCPriorityType, RFC 8831 section 6.4).</summary>
public enum DataChannelPriority
{
    /// <summary>"Below normal" in RFC 8831.</summary>
    VeryLow = 128,

    /// <summary>"Normal" in RFC 8831; the default.</summary>
    Low = 256,

    /// <summary>"High" in RFC 8831.</summary>
    Medium = 512,

    /// <summary>"Extra high" in RFC 8831.</summary>
    High = 1024,
}
