using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

public sealed class SctpChunkTests
{
    private static readonly SctpOptions WithChecksums = new() { EnableZeroChecksum = false };

    [Theory]
    [InlineData(0x3F, false, false)]
    [InlineData(0x7F, false, true)]
    [InlineData(0xBF, true, false)]
    [InlineData(0xFF, true, true)]
    public void An_unknown_chunk_stops_or_is_skipped_silently_or_reported_by_its_high_bits(byte type, bool isSkipped, bool isReported)
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, a: WithChecksums, z: WithChecksums);
        uint tag = 0;
        network.Filter = datagram =>
        {
            tag = datagram.From.ToString().StartsWith("192.0.2.1:", StringComparison.Ordinal) ? SctpPacket.ReadVerificationTag(datagram.Bytes) : tag;
            return true;
        };
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1 && a.ReadyState == DataChannelState.Open, TimeSpan.FromSeconds(5)));
        network.Run(TimeSpan.FromSeconds(1));
        var answers = new List<ChunkType>();
        network.Filter = datagram =>
        {
            answers.Add(SctpPeer.FirstChunk(datagram));
            return true;
        };
        var packet = new byte[200];
        var writer = new PacketWriter(packet, SctpPacket.HeaderLength);
        writer.BeginChunk((ChunkType)type);
        writer.WriteUInt32(42);
        writer.EndChunk();
        writer.BeginChunk(ChunkType.Heartbeat);
        writer.WriteUInt32(43);
        writer.EndChunk();
        SctpPacket.WriteHeader(packet, 5000, 5000, tag);
        SctpPacket.WriteChecksum(packet.AsSpan(0, writer.Length));
        Z.Association.HandlePacket(network.Now, packet.AsSpan(0, writer.Length));
        network.Run(TimeSpan.FromMilliseconds(100));
        Assert.Equal(isSkipped, answers.Contains(ChunkType.HeartbeatAck));
        Assert.Equal(isReported, answers.Contains(ChunkType.Error));
        Assert.Equal(SctpState.Established, Z.Association.State);
    }

    [Fact]
    public void Packets_with_another_tag_are_dropped()
    {
        var network = new SimulatedNetwork(1);
        (_, SctpPeer Z) = SctpPeer.Connect(network, a: WithChecksums, z: WithChecksums);
        long before = Z.Association.DroppedPackets;
        foreach (ChunkType type in (ChunkType[])[ChunkType.Data, ChunkType.Sack, ChunkType.Abort, ChunkType.Shutdown, ChunkType.CookieAck, ChunkType.ShutdownComplete])
        {
            var packet = new byte[100];
            var writer = new PacketWriter(packet, SctpPacket.HeaderLength);
            writer.BeginChunk(type);
            writer.WriteBytes(new byte[20]);
            writer.EndChunk();
            SctpPacket.WriteHeader(packet, 5000, 5000, 0xDEADBEEF);
            SctpPacket.WriteChecksum(packet.AsSpan(0, writer.Length));
            Z.Association.HandlePacket(network.Now, packet.AsSpan(0, writer.Length));
        }

        Assert.Equal(before + 6, Z.Association.DroppedPackets);
        Assert.Equal(SctpState.Established, Z.Association.State);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Padding_is_zero_whatever_the_buffer_held(int length)
    {
        var buffer = new byte[100];
        buffer.AsSpan().Fill(0xEE);
        var writer = new PacketWriter(buffer, 0);
        DataChunk.Write(ref writer, true, 0, 1, 2, 3, 4, 5, new byte[length]);
        Assert.Equal(DataChunk.InterleavedHeaderLength + 4, writer.Length);
        Assert.Equal(new byte[4], buffer[DataChunk.InterleavedHeaderLength..writer.Length]);
    }

    [Theory]
    [InlineData(0, 0L, 0L)]
    [InlineData(0, 0xFFFFL, 0x1_0000L)]
    [InlineData(0xFFFF, 0x1_0000L, 0xFFFFL)]
    [InlineData(3, 0x2_0005L, 0x2_0003L)]
    public void Numbers_of_16_bits_are_unwrapped_to_the_closest(int wire, long reference, long expected) =>
        Assert.Equal(expected, SerialNumber.Unwrap((ushort)wire, reference));

    [Theory]
    [InlineData(0u, 0L, 0L)]
    [InlineData(0u, 0xFFFFFFFFL, 0x1_0000_0000L)]
    [InlineData(0xFFFFFFFFu, 0x1_0000_0000L, 0xFFFFFFFFL)]
    [InlineData(5u, 0x2_0000_0003L, 0x2_0000_0005L)]
    public void Serial_numbers_are_unwrapped_to_the_closest(uint wire, long reference, long expected) =>
        Assert.Equal(expected, SerialNumber.Unwrap(wire, reference));
}
