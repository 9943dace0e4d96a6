using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Tests.Sctp;

namespace EGoat.WebRtc.Tests.DataChannels;

/// <summary>Many channels, long and strange names, empty messages, closing from either side.</summary>
public sealed class ChannelLimitTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public void All_65535_ids_can_be_open_at_once_and_one_that_is_freed_can_be_used_again()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel[] even = [.. Enumerable.Range(0, 32768).Select(_ => A.Channels.Create(network.Now, "", new()))];
        DataChannel[] odd = [.. Enumerable.Range(0, 32767).Select(_ => Z.Channels.Create(network.Now, "", new()))];
        Assert.Equal((65534, 65533), (even[^1].Id, odd[^1].Id));
        Assert.True(network.Run(() => Z.Incoming.Count == even.Length && A.Incoming.Count == odd.Length, Limit));
        Assert.Throws<InvalidOperationException>(() => A.Channels.Create(network.Now, "one too many", new()));
        Assert.Throws<InvalidOperationException>(() => A.Channels.Create(network.Now, "one too many", new()));
        Assert.Equal(65535, A.Channels.Channels.Count());
        even[1000].Close();
        Assert.True(network.Run(() => even[1000].ReadyState == DataChannelState.Closed, Limit));
        Assert.Equal(2000, A.Channels.Create(network.Now, "again", new()).Id);
        even[^1].Send(network.Now, "last"u8, true);
        Assert.True(network.Run(() => Z.Incoming[even.Length - 1].HasMessage && Z.Incoming.Count == even.Length + 1, Limit));
    }

    [Fact]
    public void A_peer_with_few_streams_has_few_channels()
    {
        const int streams = 4;
        var network = new SimulatedNetwork(1) { Filter = d => LimitInboundStreams(d, streams) };
        (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network);
        DataChannel beyond = A.Channels.Create(network.Now, "beyond", new() { Negotiated = true, Id = streams });
        DataChannel within = A.Channels.Create(network.Now, "within", new() { Negotiated = true, Id = streams - 1 });
        A.Association.Connect(network.Now);
        Assert.True(network.Run(() => SctpPeer.AreEstablished(A, Z), Limit), network.Describe());
        Assert.Equal((DataChannelState.Closed, DataChannelState.Open), (beyond.ReadyState, within.ReadyState));
        Assert.Equal([0, 2], Enumerable.Range(0, 2).Select(_ => A.Channels.Create(network.Now, "", new()).Id!.Value));
        Assert.Throws<InvalidOperationException>(() => A.Channels.Create(network.Now, "", new()));
        Assert.Throws<InvalidOperationException>(() => A.Channels.Create(network.Now, "", new() { Negotiated = true, Id = streams }));
        Assert.Throws<ArgumentException>(() => A.Channels.Create(network.Now, "", new() { Negotiated = true, Id = streams - 1 }));

        // What this side could not answer on is refused: the peer hears that its channel is closed.
        Assert.Equal([1, 3, 5], Enumerable.Range(0, 3).Select(_ => Z.Channels.Create(network.Now, "", new()).Id!.Value));
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([1], A.Incoming.Select(c => c.Id!.Value));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("\0", "\u202E\u200F")]
    [InlineData("\u6F22\u5B57 \u05E2\u05D1\u05E8\u05D9\u05EA \u0939\u093F\u0928\u094D\u0926\u0940", "\U0001F410\u200D\U0001F3FD")]
    public void Labels_and_protocols_are_any_Unicode(string label, string protocol)
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        A.Channels.Create(network.Now, label, new() { Protocol = protocol });
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        Assert.Equal((label, protocol), (Z.Incoming[0].Label, Z.Incoming[0].Options.Protocol));
    }

    [Fact]
    public void The_longest_label_and_protocol_arrive()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        string longest = new('\u00E9', 32767);
        A.Channels.Create(network.Now, longest, new() { Protocol = longest + "x" });
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        Assert.Equal((longest, longest + "x"), (Z.Incoming[0].Label, Z.Incoming[0].Options.Protocol));
    }

    [Fact]
    public void The_names_of_closed_channels_make_room_for_others()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        string label = new('x', 60_000);
        for (int i = 1; i <= 100; i++)
        {
            DataChannel a = A.Channels.Create(network.Now, label, new());
            Assert.True(network.Run(() => Z.Incoming.Count == i, Limit), network.Describe());
            a.Close();
            Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed && Z.Incoming[^1].ReadyState == DataChannelState.Closed, Limit), network.Describe());
        }
    }

    [Fact]
    public void Empty_messages_keep_their_kind_and_their_place()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        (int Length, bool IsText)[] sent = [(0, true), (1, false), (0, false), (1, true), (0, true)];
        foreach ((int length, bool isText) in sent)
        {
            a.Send(network.Now, new byte[length], isText);
        }

        Assert.True(network.Run(() => Z.Incoming.Count == 1 && Z.Incoming[0].HasMessage, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        var received = new List<(int, bool)>();
        while (Z.Incoming[0].TryReceive(out DataChannelMessage message))
        {
            received.Add((message.Length, message.IsText));
            message.Return();
        }

        Assert.Equal(sent, received);
    }

    [Fact]
    public void A_close_by_the_receiver_loses_nothing_that_the_sender_had_accepted()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed);
            DataChannel a = A.Channels.Create(network.Now, "x", new());
            Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
            for (int i = 0; i < 300; i++)
            {
                a.Send(network.Now, SctpTransferTests.Number(i), false);
            }

            Z.Incoming[0].Close();
            Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed && Z.Incoming[0].ReadyState == DataChannelState.Closed, Limit), network.Describe());
            Assert.Equal(300, SctpTransferTests.Receive(network, Z.Incoming[0], 0));
        }
    }

    [Fact]
    public void Nothing_that_was_accepted_is_lost_by_a_close_of_either_side_or_both()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var network = new SimulatedNetwork(seed, seed % 3 == 0 ? NetworkConditions.Perfect with { RateBytesPerSecond = 200_000 } : NetworkConditions.Terrible);
            var options = new SctpOptions { EnableInterleaving = seed % 2 == 0, MaxMessageSize = 64 * 1024, ReceiveWindow = 128 * 1024 };
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed, options, options);
            DataChannel a = A.Channels.Create(network.Now, "x", new() { Ordered = seed % 5 != 0 });
            Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
            DataChannel z = Z.Incoming[0];
            (DataChannel Channel, List<int> Sent, List<int> Received)[] ends = [(a, [], []), (z, [], [])];
            TimeSpan[] closes = [network.Now + TimeSpan.FromMilliseconds(random.Next(400)), network.Now + TimeSpan.FromMilliseconds(random.Next(400))];
            if (random.Next(3) == 0)
            {
                closes[random.Next(2)] = TimeSpan.MaxValue;
            }

            bool areClosed = network.Run(
                () =>
                {
                    for (int i = 0; i < 2; i++)
                    {
                        Step(network, ends[i], closes[i], random);
                    }

                    return a.ReadyState == DataChannelState.Closed && z.ReadyState == DataChannelState.Closed;
                },
                Limit);
            Assert.True(areClosed, network.Describe());
            Step(network, ends[0], TimeSpan.MaxValue, random);
            Step(network, ends[1], TimeSpan.MaxValue, random);
            Assert.NotEmpty(ends[0].Sent);
            Assert.Equal(ends[0].Sent, ends[1].Received.Order());
            Assert.Equal(ends[1].Sent, ends[0].Received.Order());
        }
    }

    [Fact]
    public void Unordered_messages_overtake_a_lost_one()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "x", new() { Ordered = false });
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        tap.Lose = c => c.IsData && c.PayloadLength == 1100;
        a.Send(network.Now, new byte[1100], false);
        a.Send(network.Now, new byte[1000], false);
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, TimeSpan.FromMilliseconds(10)), network.Describe());
        Assert.True(Z.Incoming[0].TryReceive(out DataChannelMessage message));
        Assert.Equal(1000, message.Length);
        message.Return();
        tap.Lose = null;
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, Limit));
    }

    // Sends while it may, reads now and then, closes when it is time.
    private static void Step(SimulatedNetwork network, (DataChannel Channel, List<int> Sent, List<int> Received) end, TimeSpan close, Random random)
    {
        if (end.Channel.ReadyState == DataChannelState.Open && end.Channel.BufferedAmount < 200_000)
        {
            var message = new byte[sizeof(int) + (random.Next(4) == 0 ? random.Next(30_000) : random.Next(300))];
            BinaryPrimitives.WriteInt32BigEndian(message, end.Sent.Count);
            end.Sent.Add(end.Sent.Count);
            end.Channel.Send(network.Now, message, false);
        }

        if (network.Now >= close && end.Channel.ReadyState == DataChannelState.Open)
        {
            end.Channel.Close();
        }

        while ((random.Next(3) != 0 || end.Channel.ReadyState == DataChannelState.Closed) && end.Channel.TryReceive(out DataChannelMessage received))
        {
            end.Received.Add(BinaryPrimitives.ReadInt32BigEndian(received.Payload.Span));
            received.Return();
        }
    }

    // INIT and INIT ACK of Z say that it accepts fewer.
    private static bool LimitInboundStreams(SimulatedDatagram datagram, ushort streams)
    {
        if (datagram.From.ToString().StartsWith("192.0.2.2:", StringComparison.Ordinal) && SctpPeer.FirstChunk(datagram) is ChunkType.Init or ChunkType.InitAck)
        {
            BinaryPrimitives.WriteUInt16BigEndian(datagram.Bytes.AsSpan(SctpPacket.HeaderLength + TlvReader.HeaderLength + 10), streams);
            SctpPacket.WriteHeader(datagram.Bytes, 5000, 5000, SctpPacket.ReadVerificationTag(datagram.Bytes));
            SctpPacket.WriteChecksum(datagram.Bytes);
        }

        return true;
    }
}
