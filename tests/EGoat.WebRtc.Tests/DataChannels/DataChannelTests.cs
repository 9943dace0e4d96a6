using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Tests.Sctp;

namespace EGoat.WebRtc.Tests.DataChannels;

public sealed class DataChannelTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public void A_channel_appears_at_the_peer_with_its_label_protocol_and_options()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        A.Channels.Create(network.Now, "Zürich 🐐", new() { Ordered = false, MaxPacketLifeTime = 500, Protocol = "goat" });
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        DataChannel z = Z.Incoming[0];
        Assert.Equal("Zürich 🐐", z.Label);
        Assert.Equal(new DataChannelOptions { Ordered = false, MaxPacketLifeTime = 500, Protocol = "goat", Id = 0 }, z.Options);
        Assert.Equal(DataChannelState.Open, z.ReadyState);
    }

    [Fact]
    public void The_DTLS_client_uses_even_ids_and_the_server_odd_ones()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        Assert.Equal([0, 2, 4], Enumerable.Range(0, 3).Select(_ => A.Channels.Create(network.Now, "a", new()).Id!.Value));
        Assert.Equal([1, 3, 5], Enumerable.Range(0, 3).Select(_ => Z.Channels.Create(network.Now, "z", new()).Id!.Value));
    }

    /// <summary>RFC 8832 section 6.</summary>
    [Fact]
    public void A_second_OPEN_for_a_channel_closes_it_after_what_came_before()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "first", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        a.Send(network.Now, "hi"u8, true);
        A.Association.Send(network.Now, 0, PayloadProtocol.Dcep, DcepOpen.Create("second", new() { Ordered = false }));
        Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed && Z.Incoming[0].ReadyState == DataChannelState.Closed, Limit), network.Describe());
        Assert.Equal(("first", true), (Z.Incoming.Single().Label, Z.Incoming[0].Options.Ordered));
        Assert.True(Z.Incoming[0].HasMessage);
        Assert.Empty(Z.Channels.Channels);
    }

    /// <summary>RFC 8832 section 6: too short, a label beyond its end, an unknown kind of channel.</summary>
    [Theory]
    [InlineData("03")]
    [InlineData("0300010000000000")]
    [InlineData("030001000000000000090000")]
    [InlineData("037701000000000000000000")]
    public void A_malformed_OPEN_is_answered_by_a_reset_of_its_stream(string message)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        A.Association.Send(network.Now, 0, PayloadProtocol.Dcep, Convert.FromHexString(message));
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Empty(Z.Incoming);
        Assert.Equal(1, tap.Count(false, ChunkType.ReConfig));
        Assert.All(tap.Data(), d => Assert.True(d.IsFromA));
        Assert.True(SctpPeer.AreEstablished(A, Z));
    }

    [Fact]
    public void Messages_of_an_unordered_channel_do_not_overtake_its_OPEN()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        bool isOpenLost = false;
        tap.Lose = c => c.IsData && c.IsFromA && !isOpenLost && (isOpenLost = true);
        DataChannel a = A.Channels.Create(network.Now, "x", new() { Ordered = false });
        network.Run(TimeSpan.FromMilliseconds(1));
        a.Send(network.Now, "early"u8, true);
        Assert.True(network.Run(() => Z.Incoming.Count == 1 && Z.Incoming[0].HasMessage, Limit), network.Describe());
        Assert.All(tap.Data(), d => Assert.Equal(0, d.Flags & DataChunk.UnorderedFlag));
        network.Run(TimeSpan.FromSeconds(1));
        a.Send(network.Now, "late"u8, true);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(DataChunk.UnorderedFlag, tap.Data().Last().Flags & DataChunk.UnorderedFlag);
    }

    [Fact]
    public void An_OPEN_on_a_stream_that_is_this_sides_to_choose_is_refused()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        Z.Association.Send(network.Now, 4, PayloadProtocol.Dcep, DcepOpen.Create("even", new()));
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Empty(A.Incoming);
        Assert.Equal(1, tap.Count(true, ChunkType.ReConfig));
        Assert.True(SctpPeer.AreEstablished(A, Z));
        Assert.Equal([0, 2, 4], Enumerable.Range(0, 3).Select(_ => A.Channels.Create(network.Now, "", new()).Id!.Value));
        Assert.True(network.Run(() => Z.Incoming.Count == 3, Limit), network.Describe());
    }

    [Fact]
    public void Negotiated_channels_need_no_announcement()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "a", new() { Negotiated = true, Id = 100 });
        DataChannel z = Z.Channels.Create(network.Now, "z", new() { Negotiated = true, Id = 100 });
        a.Send(network.Now, "hi"u8, true);
        Assert.True(network.Run(() => z.HasMessage, Limit));
        Assert.Empty(Z.Incoming);
    }

    [Fact]
    public void Close_delivers_what_was_queued_and_frees_the_id()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed);
            for (int round = 0; round < 2; round++)
            {
                DataChannel a = A.Channels.Create(network.Now, $"round {round}", new());
                Assert.Equal(0, a.Id);
                for (int i = 0; i < 100; i++)
                {
                    a.Send(network.Now, SctpTransferTests.Number(i), false);
                }

                a.Close();
                Assert.Equal(DataChannelState.Closing, a.ReadyState);
                Assert.Throws<InvalidOperationException>(() => a.Send(network.Now, [1], false));
                Assert.True(network.Run(() => Z.Incoming.Count == round + 1 && a.ReadyState == DataChannelState.Closed && Z.Incoming[round].ReadyState == DataChannelState.Closed, Limit), network.Describe());
                Assert.Equal(100, SctpTransferTests.Receive(network, Z.Incoming[round], 0));
            }
        }
    }

    [Fact]
    public void Both_sides_may_close_at_once_with_data_queued()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed);
            DataChannel a = A.Channels.Create(network.Now, "x", new());
            Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
            DataChannel z = Z.Incoming[0];
            for (int i = 0; i < 100; i++)
            {
                a.Send(network.Now, SctpTransferTests.Number(i), false);
                z.Send(network.Now, SctpTransferTests.Number(i), false);
            }

            a.Close();
            z.Close();
            Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed && z.ReadyState == DataChannelState.Closed, Limit), network.Describe());
            Assert.Equal(100, SctpTransferTests.Receive(network, a, 0));
            Assert.Equal(100, SctpTransferTests.Receive(network, z, 0));
        }
    }

    [Fact]
    public void An_id_can_be_used_again_as_soon_as_this_side_is_done_with_it()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Perfect with { Loss = seed % 2 == 0 ? 0 : 0.05 });
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed);
            for (int i = 0; i < 20; i++)
            {
                DataChannel a = A.Channels.Create(network.Now, $"{i}", new());
                a.Send(network.Now, SctpTransferTests.Number(i), false);
                a.Close();
                Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed, Limit), network.Describe());
            }

            Assert.True(network.Run(() => Z.Incoming.Count == 20 && Z.Incoming.All(c => c.ReadyState == DataChannelState.Closed), Limit), network.Describe());
            Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), Z.Incoming.Select(c => c.Label));
            Assert.All(Z.Incoming, c => Assert.True(c.HasMessage));
        }
    }

    [Fact]
    public void Only_what_the_application_sends_is_buffered_amount()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "label", new() { Protocol = "protocol" });
        Assert.Equal(0, a.BufferedAmount);
        a.Send(network.Now, [], true);
        Assert.Equal(0, a.BufferedAmount);
        Assert.True(network.Run(() => Z.Incoming.Count == 1 && Z.Incoming[0].HasMessage, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(A.Events.Concat(Z.Events), e => e.Type == DataChannelEventType.BufferedAmountLow);
        a.Send(network.Now, [1], false);
        Assert.Equal(1, a.BufferedAmount);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(0, a.BufferedAmount);
        Assert.Single(A.Events, e => e.Type == DataChannelEventType.BufferedAmountLow);
    }

    [Fact]
    public void A_closed_channel_has_nothing_to_do_with_the_next_one_of_its_stream()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel old = A.Channels.Create(network.Now, "old", new());
        old.Close();
        Assert.True(network.Run(() => old.ReadyState == DataChannelState.Closed && Z.Incoming.Count == 1, Limit), network.Describe());
        DataChannel next = A.Channels.Create(network.Now, "next", new());
        Assert.Equal(old.Id, next.Id);
        next.BufferedAmountLowThreshold = 1000;
        old.BufferedAmountLowThreshold = 5000;
        next.Send(network.Now, new byte[3000], false);
        Assert.Equal(0, old.BufferedAmount);
        Assert.Equal(3000, next.BufferedAmount);
        old.Close();
        Assert.True(network.Run(() => Z.Incoming.Count == 2 && Z.Incoming[1].HasMessage, Limit), network.Describe());
        Assert.Same(next, Assert.Single(A.Events, e => e.Type == DataChannelEventType.BufferedAmountLow).Channel);
        Assert.Equal(DataChannelState.Open, next.ReadyState);
    }

    [Fact]
    public void A_thousand_channels_open_and_close()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel[] channels = [.. Enumerable.Range(0, 1000).Select(i => A.Channels.Create(network.Now, $"{i}", new()))];
        Assert.True(network.Run(() => Z.Incoming.Count == 1000, Limit));
        Array.ForEach(channels, c => c.Close());
        Assert.True(network.Run(() => channels.All(c => c.ReadyState == DataChannelState.Closed) && Z.Incoming.All(c => c.ReadyState == DataChannelState.Closed), Limit));
        Assert.Empty(A.Channels.Channels);
        Assert.Empty(Z.Channels.Channels);
    }

    [Fact]
    public void Messages_above_the_peers_limit_are_refused()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, _) = SctpPeer.Connect(network);
        A.Channels.MaxMessageSize = 1000;
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        a.Send(network.Now, new byte[1000], false);
        Assert.Throws<ArgumentException>(() => a.Send(network.Now, new byte[1001], false));
    }

    [Fact]
    public void A_channel_whose_name_is_longer_than_the_peers_limit_closes_unopened()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        A.Channels.MaxMessageSize = 1000;
        DataChannel tooLong = A.Channels.Create(network.Now, new string('x', 989), new());
        DataChannel longest = A.Channels.Create(network.Now, new string('x', 988), new());
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal((DataChannelState.Closed, DataChannelState.Open), (tooLong.ReadyState, longest.ReadyState));
        Assert.Equal(longest.Label, Z.Incoming.Single().Label);
    }

    [Fact]
    public void The_end_of_the_association_closes_all_channels()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        Z.Association.Abort("Bye.");
        Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed, Limit));
        Assert.Equal(DataChannelState.Closed, Z.Incoming[0].ReadyState);
    }

    [Fact]
    public void Contradicting_options_are_refused()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, _) = SctpPeer.CreatePair(network);
        Assert.Throws<ArgumentException>(() => A.Channels.Create(network.Now, "x", new() { MaxPacketLifeTime = 1, MaxRetransmits = 1 }));
        Assert.Throws<ArgumentException>(() => A.Channels.Create(network.Now, "x", new() { Negotiated = true }));
        Assert.Throws<ArgumentException>(() => A.Channels.Create(network.Now, new string('x', 65536), new()));
    }
}
