namespace EGoat.WebRtc.Sctp;

/// <summary>What an association reports.</summary>
internal enum SctpEventType
{
    /// <summary>Messages flow from now on.</summary>
    Connected,

    /// <summary>An orderly shutdown is complete.</summary>
    Closed,

    /// <summary>It broke: <see cref="SctpEvent.Reason"/> says why.</summary>
    Aborted,

    /// <summary>The peer has reset its outgoing side of <see cref="SctpEvent.StreamIds"/> (none: of all streams).</summary>
    IncomingStreamsReset,

    /// <summary>The peer has confirmed the reset of this side's <see cref="SctpEvent.StreamIds"/>.</summary>
    OutgoingStreamsReset,

    /// <summary>The peer has refused to reset <see cref="SctpEvent.StreamIds"/>.</summary>
    StreamResetDenied,

    /// <summary>Less than the threshold of the stream <see cref="SctpEvent.StreamIds"/>[0] waits to be sent.</summary>
    BufferedAmountLow,
}

/// <summary>An event of an association.</summary>
internal readonly record struct SctpEvent(SctpEventType Type, ushort[] StreamIds, string Reason)
{
    public static SctpEvent Of(SctpEventType type) => new(type, [], "");

    public static SctpEvent Of(SctpEventType type, params ushort[] streamIds) => new(type, streamIds, "");
}
