using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>Partial reliability (RFC 3758, RFC 8260 section 2.3).</summary>
public sealed class SctpReliabilityTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_arrived_between_given_up_messages_is_delivered_in_order(bool isInterleaved)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(isInterleaved);
        DataChannel a = Open(network, A, Z, new() { MaxRetransmits = 0 });
        tap.Lose = c => c.IsData && c.PayloadLength == 1001 && c.IsFromA;
        for (int i = 0; i < 9; i++)
        {
            a.Send(network.Now, Message(i, i % 2 == 0 ? 1001 : 1000), false);
        }

        Assert.True(network.Run(() => A.Association.FlightSize == 0, Limit));
        network.Run(TimeSpan.FromSeconds(2));
        Assert.Equal([1, 3, 5, 7], Receive(Z.Incoming[0]));
        AssertWindowIsOpen(network, a, Z, tap);
    }

    [Fact]
    public void A_message_with_a_lifetime_of_zero_is_sent_once()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(true);
        DataChannel a = Open(network, A, Z, new() { MaxPacketLifeTime = 0 });
        tap.Sent.Clear();
        a.Send(network.Now, Message(0, 100), false);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([0], Receive(Z.Incoming[0]));

        tap.Lose = c => c.IsData && c.IsFromA;
        a.Send(network.Now, Message(1, 100), false);
        network.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(2, tap.Data().Count());
        tap.Lose = null;
        a.Send(network.Now, Message(2, 100), false);
        network.Run(TimeSpan.FromSeconds(5));
        Assert.Equal([2], Receive(Z.Incoming[0]));
        Assert.Equal(0, A.Association.FlightSize);
    }

    [Theory]
    [InlineData(true, true, 0)]
    [InlineData(true, true, 2)]
    [InlineData(true, true, 4)]
    [InlineData(true, false, 0)]
    [InlineData(true, false, 2)]
    [InlineData(true, false, 4)]
    [InlineData(false, true, 0)]
    [InlineData(false, true, 2)]
    [InlineData(false, true, 4)]
    [InlineData(false, false, 0)]
    [InlineData(false, false, 2)]
    [InlineData(false, false, 4)]
    public void The_fragments_of_a_given_up_message_take_no_window(bool isInterleaved, bool isOrdered, int lost)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(isInterleaved);
        DataChannel a = Open(network, A, Z, new() { MaxRetransmits = 0, Ordered = isOrdered });
        int seen = 0;
        tap.Lose = c => c.IsData && c.IsFromA && seen++ == lost;
        a.Send(network.Now, Message(0, 5000), false);
        Assert.True(network.Run(() => A.Association.FlightSize == 0, Limit));
        network.Run(TimeSpan.FromSeconds(2));
        Assert.Empty(Receive(Z.Incoming[0]));
        AssertWindowIsOpen(network, a, Z, tap);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Message_numbers_start_anew_where_given_up_fragments_were(bool isInterleaved)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(isInterleaved);
        for (int round = 0; round < 3; round++)
        {
            int known = Z.Incoming.Count;
            DataChannel a = A.Channels.Create(network.Now, "x", new() { MaxRetransmits = 0, Ordered = round % 2 == 0 });
            Assert.Equal(0, a.Id);
            Assert.True(network.Run(() => Z.Incoming.Count == known + 1, Limit), network.Describe());
            network.Run(TimeSpan.FromSeconds(1));
            int seen = 0;
            tap.Lose = c => c.IsData && c.IsFromA && seen++ == 1;
            a.Send(network.Now, Message(1, 5000), false);
            network.Run(TimeSpan.FromSeconds(3));
            a.Send(network.Now, Message(2, 5000), false);
            a.Close();
            Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed, Limit), network.Describe());
            Assert.Equal([2], Receive(Z.Incoming[known]));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_lost_FORWARD_TSN_is_sent_again(bool isInterleaved)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(isInterleaved);
        ChunkType type = isInterleaved ? ChunkType.IForwardTsn : ChunkType.ForwardTsn;
        DataChannel a = Open(network, A, Z, new() { MaxRetransmits = 0 });
        int lostData = 0;
        int lostForward = 0;
        tap.Lose = c => (c.IsData && c.IsFromA && lostData++ == 0) || (c.Type == type && lostForward++ < 3);
        a.Send(network.Now, Message(0, 100), false);
        a.Send(network.Now, Message(1, 100), false);
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage || lostForward == 4, Limit));
        network.Run(TimeSpan.FromSeconds(5));
        a.Send(network.Now, Message(2, 100), false);
        Assert.True(network.Run(() => Receive(Z.Incoming[0]).Contains(2), Limit), network.Describe());
        Assert.True(tap.Count(true, type) >= 4);
        Assert.Equal(0, tap.Count(true, isInterleaved ? ChunkType.ForwardTsn : ChunkType.IForwardTsn));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void A_message_is_sent_as_often_as_allowed_and_no_more(int maxRetransmits)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(true);
        DataChannel a = Open(network, A, Z, new() { MaxRetransmits = maxRetransmits });
        int before = tap.Data().Count();
        tap.Lose = c => c.IsData && c.IsFromA;
        a.Send(network.Now, Message(0, 100), false);
        network.Run(TimeSpan.FromSeconds(30));
        Assert.Equal(before + maxRetransmits + 1, tap.Data().Count());
        tap.Lose = null;
        a.Send(network.Now, Message(1, 100), false);
        Assert.True(network.Run(() => Receive(Z.Incoming[0]) is [1], Limit));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_whose_lifetime_ends_in_flight_is_given_up_at_the_first_timeout(bool isInterleaved)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(isInterleaved);
        DataChannel a = Open(network, A, Z, new() { MaxPacketLifeTime = 100 });
        tap.Lose = c => c.IsData && c.IsFromA;
        a.Send(network.Now, Message(0, 3000), false);
        network.Run(TimeSpan.FromMilliseconds(150));
        tap.Lose = null;
        Assert.True(network.Run(() => tap.Sent[^1].Type is ChunkType.Sack && A.Association.FlightSize == 0, TimeSpan.FromMilliseconds(450)), network.Describe());
        a.Send(network.Now, Message(1, 3000), false);
        Assert.True(network.Run(() => Receive(Z.Incoming[0]) is [1], TimeSpan.FromMilliseconds(10)), network.Describe());
        AssertWindowIsOpen(network, a, Z, tap);
    }

    [Fact]
    public void A_peer_that_hears_of_given_up_messages_alone_is_not_given_up()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        var options = new SctpOptions { MaxRetransmits = 4, HeartbeatInterval = TimeSpan.FromHours(1) };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, options, options);
        DataChannel a = Open(network, A, Z, new() { MaxRetransmits = 0 });
        tap.Lose = c => c.IsData && c.IsFromA;
        for (int i = 0; i < 20; i++)
        {
            a.Send(network.Now, Message(i, 100), false);
            network.Run(TimeSpan.FromSeconds(5));
        }

        Assert.True(SctpPeer.AreEstablished(A, Z), A.Association.EndReason);
        AssertWindowIsOpen(network, a, Z, tap);
    }

    [Fact]
    public void Messages_that_expire_unsent_leave_the_buffered_amount_and_report_it_low()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(true);
        DataChannel a = Open(network, A, Z, new() { MaxPacketLifeTime = 100 });
        a.BufferedAmountLowThreshold = 1000;
        tap.Lose = _ => true;
        for (int i = 0; i < 100; i++)
        {
            a.Send(network.Now, Message(i, 1000), false);
        }

        A.Events.Clear();
        network.Run(TimeSpan.FromSeconds(3));
        tap.Lose = null;
        network.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(0, a.BufferedAmount);
        Assert.Single(A.Events, e => e.Type == DataChannelEventType.BufferedAmountLow);
        Assert.Empty(Receive(Z.Incoming[0]));
        AssertWindowIsOpen(network, a, Z, tap);
    }

    [Fact]
    public void A_channel_whose_queued_messages_expire_closes_as_soon_as_the_path_is_back()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(true);
        DataChannel a = Open(network, A, Z, new() { MaxPacketLifeTime = 100 });
        tap.Lose = _ => true;
        for (int i = 0; i < 100; i++)
        {
            a.Send(network.Now, Message(i, 1000), false);
        }

        a.Close();
        network.Run(TimeSpan.FromSeconds(5));
        tap.Lose = null;
        Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed && Z.Incoming[0].ReadyState == DataChannelState.Closed, TimeSpan.FromSeconds(5)), network.Describe());
    }

    [Fact]
    public void Given_up_messages_of_one_channel_do_not_disturb_a_reliable_one()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            var network = new SimulatedNetwork(seed);
            var options = new SctpOptions { EnableInterleaving = seed % 2 == 0, MaxMessageSize = 10_000, ReceiveWindow = 60_000 };
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed, options, options);
            DataChannel lossy = A.Channels.Create(network.Now, "lossy", new() { MaxRetransmits = 0, Ordered = seed % 4 < 2 });
            DataChannel safe = A.Channels.Create(network.Now, "safe", new());
            Assert.True(network.Run(() => Z.Incoming.Count == 2, Limit));
            network.Run(TimeSpan.FromSeconds(1));
            network.Conditions = NetworkConditions.Terrible;
            for (int i = 0; i < 300; i++)
            {
                lossy.Send(network.Now, Message(i, 4000), false);
                safe.Send(network.Now, Message(i, 500), false);
            }

            var received = new List<int>();
            bool isDone = network.Run(
                () =>
                {
                    Receive(Z.Incoming[0]);
                    received.AddRange(Receive(Z.Incoming[1]));
                    return received.Count == 300;
                },
                TimeSpan.FromMinutes(20));
            Assert.True(isDone, $"{received.Count} of 300; {network.Describe()}");
            Assert.Equal(Enumerable.Range(0, 300), received);
        }
    }

    [Fact]
    public void FORWARD_TSN_where_I_FORWARD_TSN_was_agreed_or_the_reverse_is_a_protocol_violation()
    {
        foreach (bool isInterleaved in (bool[])[true, false])
        {
            (_, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(isInterleaved);
            tap.Inject(Z, isInterleaved ? ChunkType.ForwardTsn : ChunkType.IForwardTsn, 0, PacketTap.Words(1));
            Assert.Equal(SctpState.Closed, Z.Association.State);
            Assert.Equal(SctpState.Established, A.Association.State);
        }
    }

    private static (SimulatedNetwork Network, SctpPeer A, SctpPeer Z, PacketTap Tap) Connect(bool isInterleaved)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        var options = new SctpOptions { EnableInterleaving = isInterleaved };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, options, options);
        return (network, A, Z, tap);
    }

    private static DataChannel Open(SimulatedNetwork network, SctpPeer A, SctpPeer Z, DataChannelOptions options)
    {
        DataChannel a = A.Channels.Create(network.Now, "x", options);
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        return a;
    }

    private static byte[] Message(int number, int length)
    {
        var message = new byte[length];
        BinaryPrimitives.WriteInt32BigEndian(message, number);
        return message;
    }

    private static int[] Receive(DataChannel channel)
    {
        var numbers = new List<int>();
        while (channel.TryReceive(out DataChannelMessage message))
        {
            numbers.Add(BinaryPrimitives.ReadInt32BigEndian(message.Payload.Span));
            message.Return();
        }

        return [.. numbers];
    }

    // The SACK of one more message tells what the others left of the window.
    private static void AssertWindowIsOpen(SimulatedNetwork network, DataChannel a, SctpPeer Z, PacketTap tap)
    {
        tap.Lose = null;
        a.Send(network.Now, Message(99, 4), false);
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, Limit), network.Describe());
        network.Run(TimeSpan.FromSeconds(1));
        uint window = BinaryPrimitives.ReadUInt32BigEndian(tap.Sent.Last(c => c is { Type: ChunkType.Sack, IsFromA: false }).Value.AsSpan(4));
        Assert.InRange(window, (uint)new SctpOptions().ReceiveWindow - 100, (uint)new SctpOptions().ReceiveWindow);
    }
}
