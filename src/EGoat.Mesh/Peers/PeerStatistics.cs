using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Statistics;

namespace EGoat.Mesh.Peers;

/// <summary>The statistics of a connection as users see them.</summary>
internal static class PeerStatistics
{
    public static EGoatPeerStatistics From(PeerConnectionStats stats) => new()
    {
        RoundTripTime = stats.SctpTransport.SmoothedRoundTripTime ?? stats.SelectedCandidatePair?.CurrentRoundTripTime,
        LocalAddress = stats.SelectedCandidatePair?.Local.Address.ToString() ?? "",
        LocalCandidateType = Describe(stats.SelectedCandidatePair?.Local.Type),
        RemoteAddress = stats.SelectedCandidatePair?.Remote.Address.ToString() ?? "",
        RemoteCandidateType = Describe(stats.SelectedCandidatePair?.Remote.Type),
        SelectedCandidatePairChanges = stats.Transport.SelectedCandidatePairChanges,
        BytesSent = stats.Transport.BytesSent,
        BytesReceived = stats.Transport.BytesReceived,
        PacketsSent = stats.Transport.PacketsSent,
        PacketsReceived = stats.Transport.PacketsReceived,
        MessagesSent = stats.MessagesSent,
        MessagesReceived = stats.MessagesReceived,
        Retransmissions = stats.SctpTransport.Retransmissions,
        RetransmissionTimeouts = stats.SctpTransport.RetransmissionTimeouts,
        CongestionWindow = stats.SctpTransport.CongestionWindow,
        ReceiverWindow = stats.SctpTransport.ReceiverWindow,
        Mtu = stats.SctpTransport.Mtu,
        PacketsDiscarded = stats.Transport.DroppedRecords + stats.SctpTransport.DroppedPackets,
        DataChannels = stats.DataChannels.Count,
        DtlsCipher = stats.Transport.DtlsCipher ?? "",
    };

    // The words of RFC 8839 section 5.1, which the W3C took over.
    private static string Describe(IceCandidateType? type) => type switch
    {
        IceCandidateType.Host => "host",
        IceCandidateType.ServerReflexive => "srflx",
        IceCandidateType.PeerReflexive => "prflx",
        IceCandidateType.Relayed => "relay",
        _ => "",
    };
}
