using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>Retransmission by order, by time and by T3; heartbeats and path failure (RFC 9260 sections 6.3, 7.2.4 and 8, RFC 8985).</summary>
public sealed class SctpLossRecoveryTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_lost_chunk_that_others_follow_is_sent_again_within_some_round_trips(int losses)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        uint? lost = null;
        tap.Lose = c => c.IsData && c.IsFromA && c.Tsn == (lost ??= c.Tsn) && tap.Data().Count(d => d.Tsn == lost) <= losses;
        for (int i = 0; i < 25; i++)
        {
            a.Send(network.Now, new byte[1000], false);
            network.Run(TimeSpan.FromMilliseconds(1));
        }

        Assert.True(Z.Incoming[0].HasMessage, network.Describe());
        Assert.Equal(losses, A.Association.Retransmissions);
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(4, 1)]
    public void A_chunk_is_lost_when_three_that_were_sent_later_have_arrived(int sent, int retransmissions)
    {
        var network = new SimulatedNetwork(1, NetworkConditions.Perfect with { Latency = TimeSpan.FromMilliseconds(50) });
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = Open(network, A, Z);
        a.Send(network.Now, new byte[2000], false);
        network.Run(TimeSpan.FromSeconds(1));
        int lost = 0;
        tap.Lose = c => c.IsData && c.IsFromA && lost++ == 0;
        for (int i = 0; i < sent; i++)
        {
            a.Send(network.Now, [1], false);
            network.Run(TimeSpan.FromMilliseconds(1));
        }

        network.Run(TimeSpan.FromMilliseconds(108)); // the reordering timer waits for a quarter of the shortest round trip more
        Assert.Equal(retransmissions, A.Association.Retransmissions);
    }

    [Fact]
    public void A_lost_tail_is_probed_before_T3()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        int sent = 0;
        tap.Lose = c => c.IsData && c.IsFromA && ++sent is >= 3 and <= 5;
        for (int i = 0; i < 5; i++)
        {
            a.Send(network.Now, new byte[1000], false);
        }

        Assert.True(network.Run(() => A.Association.FlightSize == 0, new SctpOptions().MinRetransmissionTimeout), network.Describe());
        Assert.InRange(A.Association.Retransmissions, 3, 3);
    }

    [Fact]
    public void A_chunk_that_was_sent_again_measures_no_round_trip()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        TimeSpan? before = A.Association.RoundTripTime;
        network.Conditions = NetworkConditions.Perfect with { Latency = TimeSpan.FromMilliseconds(500) };
        a.Send(network.Now, [1], false);
        Assert.True(network.Run(() => A.Association.FlightSize == 0 && A.Association.Retransmissions > 0, Limit), network.Describe());
        Assert.Equal(before, A.Association.RoundTripTime); // which transmission was acknowledged, nobody knows (Karn)

        // All of these are sent again before their answer can come: a heartbeat measures in their stead.
        for (int i = 0; i < 20; i++)
        {
            a.Send(network.Now, [2], false);
            network.Run(TimeSpan.FromSeconds(2));
        }

        Assert.True(A.Association.RoundTripTime > 10 * before, network.Describe());
    }

    [Fact]
    public void A_chunk_that_is_late_by_one_packet_is_not_sent_again()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, _) = Connect();
        DataChannel a = Open(network, A, Z);
        network.Conditions = NetworkConditions.Perfect with { Reordering = 0.1 };
        for (int i = 0; i < 200; i++)
        {
            a.Send(network.Now, new byte[100], false);
            network.Run(TimeSpan.FromMilliseconds(1));
        }

        network.Run(TimeSpan.FromSeconds(1));
        Assert.InRange(A.Association.Retransmissions, 0, 3); // of some twenty: until the reordering window is as wide as the lateness
    }

    [Fact]
    public void The_limit_of_T3_fails_the_association()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(new SctpOptions { MaxRetransmits = 4 });
        DataChannel a = Open(network, A, Z);
        int before = tap.Data().Count();
        tap.Lose = _ => true;
        a.Send(network.Now, new byte[100], false);
        Assert.True(network.Run(() => A.Association.State == SctpState.Closed, Limit), network.Describe());
        Assert.Equal(DataChannelState.Closed, a.ReadyState);
        Assert.InRange(tap.Data().Count() - before, 1 + 4, 1 + 4 + 1); // the first, four after T3, perhaps a probe
        Assert.Null(A.Association.NextTimeout);
    }

    [Fact]
    public void The_last_retransmission_may_still_succeed_and_the_count_starts_anew()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(new SctpOptions { MaxRetransmits = 4 });
        DataChannel a = Open(network, A, Z);
        for (int round = 0; round < 3; round++)
        {
            int sent = 0;
            tap.Lose = c => c.IsData && c.IsFromA && ++sent <= 4;
            a.Send(network.Now, new byte[100], false);
            Assert.True(network.Run(() => A.Association.FlightSize == 0 && sent == 5, Limit), network.Describe());
        }

        Assert.Equal(SctpState.Established, A.Association.State);
    }

    [Fact]
    public void Idle_ends_send_heartbeats_and_answer_them()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        tap.Sent.Clear();
        network.Run(3.1 * new SctpOptions().HeartbeatInterval);
        foreach (bool isA in (bool[])[true, false])
        {
            Assert.Equal(3, tap.Count(isA, ChunkType.Heartbeat));
            Assert.Equal(tap.Count(isA, ChunkType.Heartbeat), tap.Count(!isA, ChunkType.HeartbeatAck));
        }

        Assert.True(SctpPeer.AreEstablished(A, Z));
        Assert.NotNull(A.Association.RoundTripTime);
    }

    [Fact]
    public void An_end_whose_data_measures_round_trips_sends_no_heartbeats()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        tap.Sent.Clear();
        for (int i = 0; i < 20; i++)
        {
            a.Send(network.Now, [1], false);
            network.Run(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(0, tap.Count(true, ChunkType.Heartbeat));
        Assert.InRange(tap.Count(false, ChunkType.Heartbeat), 5, 7); // Z sends no data
    }

    [Fact]
    public void A_path_on_which_heartbeats_are_lost_fails_at_the_limit()
    {
        var options = new SctpOptions { MaxRetransmits = 3, HeartbeatInterval = TimeSpan.FromSeconds(2) };
        (SimulatedNetwork network, SctpPeer A, _, PacketTap tap) = Connect(options);
        tap.Sent.Clear();
        tap.Lose = c => c.Type == ChunkType.HeartbeatAck;
        Assert.True(network.Run(() => A.Association.State == SctpState.Closed, Limit), network.Describe());
        Assert.Equal(4, tap.Count(true, ChunkType.Heartbeat));
    }

    [Fact]
    public void One_answered_heartbeat_forgives_the_lost_ones()
    {
        var options = new SctpOptions { MaxRetransmits = 3, HeartbeatInterval = TimeSpan.FromSeconds(2) };
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(options);
        int answers = 0;
        tap.Lose = c => c.Type == ChunkType.HeartbeatAck && ++answers % 3 != 0;
        network.Run(TimeSpan.FromMinutes(2));
        Assert.True(SctpPeer.AreEstablished(A, Z), network.Describe());
    }

    [Fact]
    public void A_HEARTBEAT_ACK_that_was_not_asked_for_counts_for_nothing()
    {
        var options = new SctpOptions { MaxRetransmits = 3, HeartbeatInterval = TimeSpan.FromSeconds(2) };
        (SimulatedNetwork network, SctpPeer A, _, PacketTap tap) = Connect(options);
        tap.Lose = c => c.Type == ChunkType.HeartbeatAck;
        TimeSpan? before = A.Association.RoundTripTime;
        for (int i = 0; i < 6; i++)
        {
            tap.Inject(A, ChunkType.HeartbeatAck, 0, [0, 1, 0, 20, .. new byte[16]]);
            tap.Inject(A, ChunkType.HeartbeatAck, 0, [0, 1, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8]);
            tap.Inject(A, ChunkType.HeartbeatAck, 0, [0, 1, 0, 4]);
            tap.Inject(A, ChunkType.HeartbeatAck, 0);
            network.Run(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(before, A.Association.RoundTripTime);
        Assert.Equal(SctpState.Closed, A.Association.State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(1100)]
    public void A_heartbeat_of_any_length_comes_back_as_it_was(int length)
    {
        (SimulatedNetwork network, _, SctpPeer Z, PacketTap tap) = Connect();
        byte[] info = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
        tap.Inject(Z, ChunkType.Heartbeat, 0, info);
        network.Run(TimeSpan.FromMilliseconds(10));
        Assert.Equal(info, tap.Sent.Single(c => c is { Type: ChunkType.HeartbeatAck, IsFromA: false }).Value);
    }

    [Fact]
    public void A_heartbeat_that_no_packet_can_repeat_or_that_comes_too_early_is_dropped()
    {
        (SimulatedNetwork network, _, SctpPeer Z, PacketTap tap) = Connect();
        tap.Inject(Z, ChunkType.Heartbeat, 0, new byte[1160]);
        var early = new SimulatedNetwork(2);
        var earlyTap = new PacketTap(early);
        (SctpPeer A, _) = SctpPeer.CreatePair(early);
        earlyTap.Lose = c => c.Type == ChunkType.InitAck;
        A.Association.Connect(early.Now);
        early.Run(TimeSpan.FromMilliseconds(10));
        earlyTap.Inject(A, ChunkType.Heartbeat, 0, [1, 2, 3, 4]);
        network.Run(TimeSpan.FromMilliseconds(10));
        early.Run(TimeSpan.FromMilliseconds(10));
        Assert.Equal(0, tap.Count(false, ChunkType.HeartbeatAck) + earlyTap.Count(true, ChunkType.HeartbeatAck));
    }

    [Fact]
    public void A_SACK_that_acknowledges_what_was_never_sent_changes_nothing()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        tap.Lose = _ => true;
        a.Send(network.Now, new byte[3000], false);
        network.Run(TimeSpan.FromMilliseconds(1));
        uint last = tap.Data().Last().Tsn;
        long flight = A.Association.FlightSize;
        foreach (byte[] sack in (byte[][])
            [
                PacketTap.Words(last + 1, 1 << 20, 0),
                PacketTap.Words(last - 3, 1 << 20, 1 << 16, (2 << 16) | 9), // a gap block beyond the end
                PacketTap.Words(last - 3, 1 << 20, 1 << 16, (3 << 16) | 2), // backwards
                PacketTap.Words(last - 3, 1 << 20, 1 << 16, 1), // from 0
                PacketTap.Words(last - 3, 1 << 20, 2 << 16, (2 << 16) | 2), // one block short
                PacketTap.Words(last - 3),
            ])
        {
            tap.Inject(A, ChunkType.Sack, 0, sack);
            Assert.Equal(flight, A.Association.FlightSize);
        }

        tap.Lose = null;
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, Limit));
    }

    private static (SimulatedNetwork Network, SctpPeer A, SctpPeer Z, PacketTap Tap) Connect(SctpOptions? options = null)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, options, options);
        return (network, A, Z, tap);
    }

    private static DataChannel Open(SimulatedNetwork network, SctpPeer A, SctpPeer Z)
    {
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1 && A.Association.FlightSize == 0, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        return a;
    }
}
