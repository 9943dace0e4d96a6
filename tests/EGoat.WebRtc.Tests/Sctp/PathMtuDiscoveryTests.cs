using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

public sealed class PathMtuDiscoveryTests
{
    private const int Base = 1160;
    private const int MessageLength = 64 * 1024;

    /// <summary>The receive window, in packets of 16,000 bytes.</summary>
    private const int PacketsOfWindow = 2 * 1024 * 1024 / 16_000;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly SctpOptions Options = new() { MaxPacketSize = 16_000 };

    [Theory]
    [InlineData(1200, Base)]
    [InlineData(1400, 1312)]
    [InlineData(1452, 1412)]
    [InlineData(9000, 8912)]
    [InlineData(65_000, 16_000)]
    public void Packets_become_as_long_as_the_path_carries(int pathCarries, int expected)
    {
        var network = new SimulatedNetwork(1) { Filter = d => d.Bytes.Length <= pathCarries };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, Options, Options);
        Transfer(network, A, Z, 40);
        network.Run(TimeSpan.FromSeconds(20)); // probes that are lost are repeated
        Assert.Equal(expected, A.Association.MaxPacketSize);
        Transfer(network, A, Z, 10);
        Assert.Equal(0, A.Association.Retransmissions);
    }

    [Fact]
    public void The_bound_of_the_options_is_a_size_that_is_tried()
    {
        var network = new SimulatedNetwork(1);
        SctpOptions options = Options with { MaxPacketSize = 4000 };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, options, options);
        Transfer(network, A, Z, 40);
        Assert.Equal(4000, A.Association.MaxPacketSize);
    }

    [Fact]
    public void A_chat_sends_no_probes()
    {
        var network = new SimulatedNetwork(1);
        int longest = 0;
        network.Filter = d =>
        {
            longest = Math.Max(longest, d.Bytes.Length);
            return true;
        };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, Options, Options);
        Transfer(network, A, Z, 3);
        network.Run(TimeSpan.FromMinutes(5));
        Assert.InRange(longest, 1, Base);
        Assert.Equal(Base, A.Association.MaxPacketSize);
    }

    [Fact]
    public void A_path_that_carries_less_than_before_makes_packets_short_again_and_loses_nothing()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, Options, Options);
        Transfer(network, A, Z, 40);
        Assert.Equal(16_000, A.Association.MaxPacketSize);
        int inPieces = 0;
        network.Filter = d =>
        {
            inPieces += d.MayFragment ? 1 : 0;
            return d.MayFragment || d.Bytes.Length <= 1200;
        };
        Transfer(network, A, Z, 40);
        Assert.Equal(Base, A.Association.MaxPacketSize);
        Assert.InRange(inPieces, 1, 2 * PacketsOfWindow); // what was in flight when the path changed, and no more
    }

    [Fact]
    public void Fragments_are_as_long_as_packets_once_the_path_is_known()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, Options, Options);
        Transfer(network, A, Z, 40);
        var chunks = new List<int>();
        network.Filter = d =>
        {
            if (SctpPeer.FirstChunk(d) is ChunkType.Data or ChunkType.IData)
            {
                chunks.Add(BinaryPrimitives.ReadUInt16BigEndian(d.Bytes.AsSpan(SctpPacket.HeaderLength + 2)));
            }

            return true;
        };
        Transfer(network, A, Z, 10);
        Assert.Contains(16_000 - SctpPacket.HeaderLength, chunks);
        Assert.InRange(chunks.Count, 40, 60); // 10 messages of 64 KiB; the end of one shares a packet with the beginning of the next
    }

    [Fact]
    public void A_path_that_carries_more_later_is_noticed_after_ten_minutes()
    {
        var network = new SimulatedNetwork(1) { Filter = d => d.Bytes.Length <= 1200 };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, Options, Options);
        Transfer(network, A, Z, 40);
        network.Run(TimeSpan.FromSeconds(20));
        network.Filter = null;
        network.Run(TimeSpan.FromMinutes(9));
        Assert.Equal(Base, A.Association.MaxPacketSize);
        network.Run(TimeSpan.FromMinutes(2));
        Assert.Equal(16_000, A.Association.MaxPacketSize);
    }

    [Fact]
    public void A_new_path_begins_with_short_packets()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, Options, Options);
        Transfer(network, A, Z, 40);
        A.Association.ResetPath();
        Assert.Equal(Base, A.Association.MaxPacketSize);
        Transfer(network, A, Z, 40);
        Assert.Equal(16_000, A.Association.MaxPacketSize);
    }

    [Fact]
    public void A_peer_that_does_not_announce_PAD_gets_no_probes()
    {
        var network = new SimulatedNetwork(1) { Filter = WithoutPad };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, Options, Options);
        Transfer(network, A, Z, 40);
        network.Run(TimeSpan.FromMinutes(1));
        Assert.Equal(Base, A.Association.MaxPacketSize);
    }

    // The list of extensions names another chunk type in its place.
    private static bool WithoutPad(SimulatedDatagram datagram)
    {
        if (SctpPeer.FirstChunk(datagram) is ChunkType.Init or ChunkType.InitAck)
        {
            int list = datagram.Bytes.AsSpan().IndexOf([(byte)ChunkType.IForwardTsn, (byte)ChunkType.Pad]);
            Assert.NotEqual(-1, list);
            datagram.Bytes[list + 1] = 0xFE;
            SctpPacket.WriteChecksum(datagram.Bytes);
        }

        return true;
    }

    private static void Transfer(SimulatedNetwork network, SctpPeer a, SctpPeer z, int messages)
    {
        var sent = new byte[messages][];
        DataChannel channel = a.Channels.Create(network.Now, "bulk", new());
        int opened = z.Incoming.Count;
        Assert.True(network.Run(() => z.Incoming.Count > opened, Limit), network.Describe());
        for (int i = 0; i < messages; i++)
        {
            sent[i] = new byte[MessageLength - i];
            new Random(i).NextBytes(sent[i]);
            channel.Send(network.Now, sent[i], false);
        }

        int received = 0;
        bool isDone = network.Run(
            () =>
            {
                while (z.Incoming[opened].TryReceive(out DataChannelMessage message))
                {
                    Assert.True(message.Payload.Span.SequenceEqual(sent[received++]), network.Describe());
                    message.Return();
                }

                return received == messages;
            },
            Limit);
        Assert.True(isDone, $"{received} of {messages} arrived; {network.Describe()}");
        network.Run(TimeSpan.FromSeconds(1)); // the answers to the last probes
    }
}
