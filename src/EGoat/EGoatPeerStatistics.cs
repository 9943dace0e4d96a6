namespace EGoat;

/// <summary>
/// What the connection to a peer has done so far, under the names of the W3C's WebRTC statistics: the figures begin at 0 with
/// each connection. An immutable snapshot.
/// </summary>
public sealed record EGoatPeerStatistics
{
    /// <summary>The smoothed round-trip time; null until measured.</summary>
    public TimeSpan? RoundTripTime { get; init; }

    /// <summary>This side's address on the path that data takes; empty while there is none.</summary>
    public string LocalAddress { get; init; } = "";

    /// <summary>How this address was learnt: <c>host</c>, <c>srflx</c> and <c>prflx</c> (in front of a NAT), <c>relay</c> (a TURN server).</summary>
    public string LocalCandidateType { get; init; } = "";

    /// <summary>The peer's address on the path that data takes; empty while there is none.</summary>
    public string RemoteAddress { get; init; } = "";

    /// <summary>How the peer's address was learnt, as <see cref="LocalCandidateType"/>.</summary>
    public string RemoteCandidateType { get; init; } = "";

    /// <summary>How often data has changed to another path, the first one included.</summary>
    public long SelectedCandidatePairChanges { get; init; }

    /// <summary>Encrypted bytes sent, without the headers of IP and UDP.</summary>
    public long BytesSent { get; init; }

    /// <summary>Encrypted bytes received, without the headers of IP and UDP.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Datagrams that carried them.</summary>
    public long PacketsSent { get; init; }

    /// <summary>Datagrams that carried them.</summary>
    public long PacketsReceived { get; init; }

    /// <summary>Data channel messages sent: texts, receipts and pieces of files.</summary>
    public long MessagesSent { get; init; }

    /// <summary>Data channel messages received.</summary>
    public long MessagesReceived { get; init; }

    /// <summary>Chunks of messages that were sent again, since they were lost or late.</summary>
    public long Retransmissions { get; init; }

    /// <summary>How often nothing was confirmed for so long that everything on its way was taken for lost.</summary>
    public long RetransmissionTimeouts { get; init; }

    /// <summary>Bytes that may be on their way at once, for all that is known of the path.</summary>
    public long CongestionWindow { get; init; }

    /// <summary>Bytes that the peer has room for.</summary>
    public long ReceiverWindow { get; init; }

    /// <summary>The longest SCTP packet that the path is known to carry, in bytes.</summary>
    public int Mtu { get; init; }

    /// <summary>Records and packets that were dropped: malformed, repeated, not authentic.</summary>
    public long PacketsDiscarded { get; init; }

    /// <summary>Channels that are open: one for the conversation, and one for each running transfer.</summary>
    public int DataChannels { get; init; }

    /// <summary>The cipher suite; empty until agreed.</summary>
    public string DtlsCipher { get; init; } = "";

    /// <summary>The path, the round trip and the bytes in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{LocalAddress} ({LocalCandidateType}) - {RemoteAddress} ({RemoteCandidateType}), {RoundTripTime?.TotalMilliseconds:F1} ms, {BytesSent:N0} bytes sent, {BytesReceived:N0} received, {Retransmissions:N0} retransmissions");
}
