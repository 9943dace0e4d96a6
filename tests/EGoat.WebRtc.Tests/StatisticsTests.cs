using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Statistics;
using EGoat.WebRtc.Tests.Dtls;

namespace EGoat.WebRtc.Tests;

/// <summary>GetStats counts what happened, at both ends the same.</summary>
public sealed class StatisticsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly SimulatedNetwork _network = new(1, NetworkConditions.Perfect with { Latency = TimeSpan.FromMilliseconds(10) });

    [Fact]
    public void A_connection_that_has_not_begun_has_counted_nothing()
    {
        var A = new SimulatedPeer(_network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        PeerConnectionStats stats = A.Connection.GetStats(_network.Now);
        Assert.Equal(PeerConnectionState.New, stats.State);
        Assert.Null(stats.SelectedCandidatePair);
        Assert.Null(stats.Transport.IsIceControlling);
        Assert.Null(stats.Transport.DtlsRole);
        Assert.Null(stats.Transport.DtlsCipher);
        Assert.Equal((0, 0, 0, 0), (stats.Transport.BytesSent, stats.Transport.BytesReceived, stats.SctpTransport.CongestionWindow, stats.SctpTransport.ReceiverWindow));
        Assert.Empty(stats.CandidatePairs);
        Assert.Empty(stats.DataChannels);
    }

    [Fact]
    public void Messages_are_counted_by_channel_and_by_connection_on_both_sides()
    {
        (SimulatedPeer A, SimulatedPeer Z, DataChannel a, DataChannel z) = Connect();
        a.Send(_network.Now, new byte[1000], false);
        a.Send(_network.Now, [], true);
        z.Send(_network.Now, "hello"u8, true);
        Assert.True(_network.Run(() => Statistics(A).MessagesReceived == 1 && Statistics(Z).MessagesReceived == 2, Limit), _network.Describe());

        DataChannelStats ofA = Assert.Single(Statistics(A).DataChannels);
        DataChannelStats ofZ = Assert.Single(Statistics(Z).DataChannels);
        Assert.Equal(("egoat", "chat", DataChannelState.Open), (ofA.Label, ofA.Protocol, ofA.State));
        Assert.Equal((2, 1000, 1, 5), (ofA.MessagesSent, ofA.BytesSent, ofA.MessagesReceived, ofA.BytesReceived));
        Assert.Equal((1, 5, 2, 1000), (ofZ.MessagesSent, ofZ.BytesSent, ofZ.MessagesReceived, ofZ.BytesReceived));
        Assert.Equal(ofA.DataChannelIdentifier, ofZ.DataChannelIdentifier);

        a.Close();
        Assert.True(_network.Run(() => z.ReadyState == DataChannelState.Closed && a.ReadyState == DataChannelState.Closed, Limit), _network.Describe());
        PeerConnectionStats after = Statistics(A);
        Assert.Empty(after.DataChannels);
        Assert.Equal((1, 1, 2, 1), (after.DataChannelsOpened, after.DataChannelsClosed, after.MessagesSent, after.MessagesReceived));
    }

    [Fact]
    public void What_one_side_has_sent_the_other_has_received()
    {
        (SimulatedPeer A, SimulatedPeer Z, DataChannel a, _) = Connect();
        for (int i = 0; i < 100; i++)
        {
            a.Send(_network.Now, new byte[10_000], false);
        }

        Assert.True(_network.Run(() => Statistics(A).SctpTransport.UnackData == 0 && Statistics(Z).MessagesReceived == 100, Limit), _network.Describe());
        _network.Run(TimeSpan.FromSeconds(1));
        TransportStats ofA = Statistics(A).Transport;
        TransportStats ofZ = Statistics(Z).Transport;
        Assert.Equal((ofA.BytesSent, ofA.BytesReceived), (ofZ.BytesReceived, ofZ.BytesSent));
        Assert.InRange(ofA.BytesSent, 1_000_000, 1_200_000);
        Assert.InRange(ofA.PacketsSent, ofA.BytesSent / PeerConnectionOptions.DatagramSizeLimit, ofZ.PacketsReceived);
        Assert.Equal(0, ofZ.DroppedRecords);

        IceCandidatePairStats pair = ofA.SelectedCandidatePair!;
        Assert.Equal((ofA.BytesSent, ofA.PacketsSent, ofA.BytesReceived, ofA.PacketsReceived), (pair.BytesSent, pair.PacketsSent, pair.BytesReceived, pair.PacketsReceived));
    }

    [Fact]
    public void The_selected_pair_and_the_cipher_are_named()
    {
        (SimulatedPeer A, SimulatedPeer Z, _, _) = Connect();
        PeerConnectionStats ofA = Statistics(A);
        PeerConnectionStats ofZ = Statistics(Z);
        IceCandidatePairStats pair = ofA.SelectedCandidatePair!;
        Assert.Equal(IceCandidateType.Host, pair.Local.Type);
        Assert.Equal((pair.Local.Address, pair.Remote.Address), (ofZ.SelectedCandidatePair!.Remote.Address, ofZ.SelectedCandidatePair.Local.Address));
        Assert.Equal(CandidatePairState.Succeeded, pair.State);
        Assert.True(pair.IsNominated);
        Assert.Contains(pair, ofA.CandidatePairs);
        Assert.Equal(TimeSpan.FromMilliseconds(20), pair.CurrentRoundTripTime);
        Assert.True(pair.RequestsSent >= pair.ResponsesReceived && pair.ResponsesReceived > 0);
        Assert.True(pair.RequestsReceived == pair.ResponsesSent && pair.ResponsesSent > 0);

        Assert.Equal((IceConnectionState.Connected, DtlsState.Connected, true), (ofA.Transport.IceState, ofA.Transport.DtlsState, ofA.Transport.IsIceControlling));
        Assert.False(ofZ.Transport.IsIceControlling);
        Assert.Equal([DtlsRole.Client, DtlsRole.Server], new[] { ofA.Transport.DtlsRole!.Value, ofZ.Transport.DtlsRole!.Value }.Order());
        Assert.Equal(("FEFD", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), (ofA.Transport.TlsVersion, ofA.Transport.DtlsCipher));
        Assert.Equal(ofA.Transport.DtlsCipher, ofZ.Transport.DtlsCipher);
        Assert.Equal(1, ofA.Transport.SelectedCandidatePairChanges);
    }

    [Fact]
    public void Consent_checks_are_counted_as_time_passes()
    {
        (SimulatedPeer A, _, _, _) = Connect();
        IceCandidatePairStats before = Statistics(A).SelectedCandidatePair!;
        _network.Run(TimeSpan.FromSeconds(60));
        IceCandidatePairStats after = Statistics(A).SelectedCandidatePair!;
        Assert.InRange(after.ConsentRequestsSent - before.ConsentRequestsSent, 10, 15);
        Assert.Equal(after.ConsentRequestsSent - before.ConsentRequestsSent, after.RequestsSent - before.RequestsSent);
        Assert.Equal(after.RequestsSent - before.RequestsSent, after.ResponsesReceived - before.ResponsesReceived);
    }

    [Fact]
    public void Loss_shows_as_retransmissions_and_silence_as_expired_timeouts()
    {
        (SimulatedPeer A, SimulatedPeer Z, DataChannel a, _) = Connect();
        Assert.Equal((0, 0), (Statistics(A).SctpTransport.Retransmissions, Statistics(A).SctpTransport.RetransmissionTimeouts));
        _network.Conditions = _network.Conditions with { Loss = 0.1 };
        for (int i = 0; i < 100; i++)
        {
            a.Send(_network.Now, new byte[10_000], false);
        }

        Assert.True(_network.Run(() => Statistics(Z).MessagesReceived == 100 && Statistics(A).SctpTransport.UnackData == 0, Limit), _network.Describe());
        SctpTransportStats lossy = Statistics(A).SctpTransport;
        Assert.True(lossy.Retransmissions > 0);
        Assert.InRange(lossy.SmoothedRoundTripTime!.Value, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(200));
        Assert.True(lossy.CongestionWindow > 0 && lossy.ReceiverWindow > 0);

        _network.Filter = _ => false;
        a.Send(_network.Now, new byte[1000], false);
        _network.Run(TimeSpan.FromSeconds(5));
        SctpTransportStats silent = Statistics(A).SctpTransport;
        Assert.Equal(1, silent.UnackData);
        Assert.True(silent.RetransmissionTimeouts > lossy.RetransmissionTimeouts);
    }

    private PeerConnectionStats Statistics(SimulatedPeer peer) => peer.Connection.GetStats(_network.Now);

    private (SimulatedPeer A, SimulatedPeer Z, DataChannel OfA, DataChannel OfZ) Connect()
    {
        (SimulatedPeer A, SimulatedPeer Z) = SimulatedPeer.CreatePair(_network, 1, DtlsPeer.CertificateA, DtlsPeer.CertificateZ);
        DataChannel a = A.Connection.CreateDataChannel(_network.Now, "egoat", new DataChannelOptions { Protocol = "chat" });
        Assert.True(_network.Run(() => Z.Incoming.Count == 1, Limit), _network.Describe());
        _network.Run(TimeSpan.FromSeconds(1));
        return (A, Z, a, Z.Incoming[0]);
    }
}
