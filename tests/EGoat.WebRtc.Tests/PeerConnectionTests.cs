using System.Runtime.CompilerServices;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Tests.Dtls;
using EGoat.WebRtc.Tests.Sctp;

namespace EGoat.WebRtc.Tests;

public sealed class PeerConnectionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void Offer_and_answer_lead_to_an_open_channel_in_six_round_trips()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Create(network);
        DataChannel a = A.Connection.CreateDataChannel(network.Now, "egoat");
        Assert.True(network.Run(() => Z.Incoming.Count == 1, TimeSpan.FromMilliseconds(14)), network.Describe());
        Assert.Equal([PeerConnectionState.Connecting, PeerConnectionState.Connected], A.States);
        Assert.Equal(DtlsPeer.CertificateZ.Der.ToArray(), A.Connection.RemoteCertificate.ToArray());
        a.Send(network.Now, "hi"u8, true);
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, Limit), network.Describe());
        Assert.True(Z.Incoming[0].TryReceive(out DataChannelMessage message));
        Assert.True(message.IsText);
        Assert.Equal("hi"u8, message.Payload.Span);
    }

    [Fact]
    public void A_thousand_messages_each_way_survive_a_terrible_network_through_all_layers()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            (SimulatedPeer A, SimulatedPeer Z) = Create(network, seed);
            DataChannel a = A.Connection.CreateDataChannel(network.Now, "egoat");
            Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
            DataChannel z = Z.Incoming[0];
            const int count = 1000;
            for (int i = 0; i < count; i++)
            {
                a.Send(network.Now, SctpTransferTests.Number(i), false);
                z.Send(network.Now, SctpTransferTests.Number(count + i), false);
            }

            int atA = 0;
            int atZ = 0;
            bool isDone = network.Run(
                () =>
                {
                    atZ += SctpTransferTests.Receive(network, z, atZ);
                    atA += SctpTransferTests.Receive(network, a, count + atA);
                    return atA == count && atZ == count;
                },
                TimeSpan.FromMinutes(10));
            Assert.True(isDone, $"{atA} and {atZ} of {count} arrived; {network.Describe()}");
        }
    }

    [Fact]
    public void Close_is_noticed_by_the_peer()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Create(network);
        DataChannel a = A.Connection.CreateDataChannel(network.Now, "egoat");
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
        A.Connection.Close();
        Assert.Equal(DataChannelState.Closed, a.ReadyState);
        Assert.True(network.Run(() => Z.Connection.State == PeerConnectionState.Closed, TimeSpan.FromSeconds(1)), network.Describe());
        Assert.Equal(DataChannelState.Closed, Z.Incoming[0].ReadyState);
        Assert.Null(Z.Connection.NextTimeout);
    }

    [Fact]
    public void A_peer_that_shuts_SCTP_down_has_closed_the_connection_and_not_broken_it()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Create(network);
        DataChannel a = A.Connection.CreateDataChannel(network.Now, "egoat");
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
        a.Send(network.Now, "bye"u8, true);
        AssociationOf(A.Connection).Shutdown(network.Now);
        Assert.True(network.Run(() => Z.Connection.State == PeerConnectionState.Closed && A.Connection.State == PeerConnectionState.Closed, TimeSpan.FromSeconds(1)), network.Describe());
        Assert.Equal([PeerConnectionState.Connecting, PeerConnectionState.Connected, PeerConnectionState.Closed], Z.States);
        Assert.Null(A.Connection.EndReason);
        Assert.Null(Z.Connection.EndReason);
        Assert.True(Z.Incoming[0].TryReceive(out DataChannelMessage message));
        Assert.Equal("bye"u8, message.Payload.Span);
        Assert.Equal(DataChannelState.Closed, Z.Incoming[0].ReadyState);
    }

    [Fact]
    public void A_peer_whose_user_aborts_SCTP_has_closed_the_connection_and_its_reason_is_told()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Create(network);
        A.Connection.CreateDataChannel(network.Now, "egoat");
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
        AssociationOf(A.Connection).Abort("Close called");
        Assert.True(network.Run(() => Z.Connection.State == PeerConnectionState.Closed, TimeSpan.FromSeconds(1)), network.Describe());
        Assert.Equal([PeerConnectionState.Connecting, PeerConnectionState.Connected, PeerConnectionState.Closed], Z.States);
        Assert.Equal("The peer aborted the SCTP association: Close called", Z.Connection.EndReason);
        Assert.Equal(DataChannelState.Closed, Z.Incoming[0].ReadyState);
    }

    [Fact]
    public void An_outage_of_20_seconds_is_reported_and_survived()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Create(network);
        DataChannel a = A.Connection.CreateDataChannel(network.Now, "egoat");
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
        network.Filter = _ => false;
        network.Run(TimeSpan.FromSeconds(1));
        a.Send(network.Now, "hi"u8, true);
        network.Run(TimeSpan.FromSeconds(19));
        Assert.Equal(PeerConnectionState.Disconnected, A.Connection.State);
        network.Filter = null;
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage && A.Connection.State == PeerConnectionState.Connected && Z.Connection.State == PeerConnectionState.Connected, TimeSpan.FromSeconds(9)), network.Describe());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_host_that_sleeps_20_seconds_goes_on_where_it_was(bool sleeperSends)
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Create(network);
        DataChannel a = A.Connection.CreateDataChannel(network.Now, "egoat");
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
        DataChannel z = Z.Incoming[0];
        (sleeperSends ? z : a).Send(network.Now, new byte[200_000], false);
        network.Run(TimeSpan.FromMilliseconds(1));
        Z.IsAsleep = true;
        network.Run(TimeSpan.FromSeconds(20));
        Z.IsAsleep = false;
        Assert.True(network.Run(() => (sleeperSends ? a : z).HasMessage, TimeSpan.FromSeconds(9)), network.Describe());
        Assert.True(network.Run(() => A.Connection.State == PeerConnectionState.Connected && Z.Connection.State == PeerConnectionState.Connected, TimeSpan.FromSeconds(9)), network.Describe());
    }

    [Fact]
    public void A_host_that_sleeps_ten_minutes_finds_its_connection_failed_as_its_peer_has()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Create(network);
        DataChannel a = A.Connection.CreateDataChannel(network.Now, "egoat");
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
        a.Send(network.Now, new byte[200_000], false);
        network.Run(TimeSpan.FromMilliseconds(1));
        Z.IsAsleep = true;
        network.Run(TimeSpan.FromMinutes(10));
        Assert.Equal(PeerConnectionState.Failed, A.Connection.State);
        Z.IsAsleep = false;
        Assert.True(network.Run(() => Z.Connection.State == PeerConnectionState.Failed, TimeSpan.FromSeconds(1)), network.Describe());
        Assert.Equal("The peer has not answered for 30 seconds.", Z.Connection.EndReason);
        Assert.Equal(DataChannelState.Closed, Z.Incoming[0].ReadyState);
        Assert.Equal([null, null], [A.Connection.NextTimeout, Z.Connection.NextTimeout]);
    }

    [Fact]
    public void Silence_fails_the_connection_with_a_reason()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Create(network);
        A.Connection.CreateDataChannel(network.Now, "egoat");
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
        network.Filter = _ => false;
        Assert.True(network.Run(() => A.Connection.State == PeerConnectionState.Failed, TimeSpan.FromSeconds(40)), network.Describe());
        Assert.Equal("The peer has not answered for 30 seconds.", A.Connection.EndReason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")]
    [InlineData("v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=ice-ufrag:abcd\r\na=ice-pwd:short\r\n")]
    [InlineData("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n")]
    public void An_offer_that_cannot_be_used_is_refused_with_what_is_wrong(string offer)
    {
        var network = new SimulatedNetwork(1);
        var Z = new SimulatedPeer(network, 1, DtlsPeer.CertificateZ, "192.0.2.2");
        FormatException e = Assert.Throws<FormatException>(() => Z.Connection.AcceptOffer(network.Now, offer));
        Assert.StartsWith("The peer's offer cannot be used: it ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_for_media_are_refused_and_the_data_section_is_kept()
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        string offer = A.Connection.CreateOffer(network.Now).Replace("m=application", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:sound\r\na=x-unknown:1\r\nm=application", StringComparison.Ordinal);
        string answer = Z.Connection.AcceptOffer(network.Now, offer);
        Assert.Contains("m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("a=mid:sound\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("x-unknown", answer, StringComparison.Ordinal);
        A.Connection.AcceptAnswer(network.Now, answer);
        Assert.True(network.Run(() => A.Connection.State == PeerConnectionState.Connected, Limit), network.Describe());
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_association")]
    private static extern ref readonly SctpAssociation AssociationOf(PeerConnection connection);

    private static (SimulatedPeer A, SimulatedPeer Z) Create(SimulatedNetwork network, int seed = 1) =>
        SimulatedPeer.CreatePair(network, seed, DtlsPeer.CertificateA, DtlsPeer.CertificateZ);
}
