using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>Unknown parameters by their high bits (RFC 9260 section 3.2.1). Unknown chunks are in <see cref="SctpChunkTests"/>.</summary>
public sealed class SctpUnknownTests
{
    [Theory]
    [InlineData(0x3FFF, false, false)]
    [InlineData(0x7FFF, false, true)]
    [InlineData(0xBFFF, true, false)]
    [InlineData(0xFFFF, true, true)]
    [InlineData(5, true, false)] // an IPv4 address
    [InlineData(0xC006, true, false)] // an adaptation layer
    public void An_unknown_parameter_of_INIT_stops_or_is_skipped_silently_or_reported(int type, bool isSkipped, bool isReported)
    {
        byte[] unknown = [(byte)(type >> 8), (byte)type, 0, 7, 1, 2, 3];
        byte[] initAck = Answer([.. unknown, 0, 0x80, 0x08, 0, 5, (byte)ChunkType.ReConfig]);
        Assert.True(InitChunk.TryParse(initAck, out InitChunk chunk));

        // The cookie holds what INIT announced behind the unknown parameter.
        Assert.Equal(isSkipped ? (int)Capabilities.StreamReset : 0, BinaryPrimitives.ReadUInt16BigEndian(chunk.Cookie[22..]));
        Assert.Equal(isReported ? [unknown] : [], Reports(initAck));
    }

    [Fact]
    public void Reports_of_many_and_of_long_parameters_are_bounded()
    {
        var parameters = new List<byte>();
        for (int i = 0; i < 100; i++)
        {
            parameters.AddRange([0xFF, (byte)i, 0, 8, 1, 2, 3, 4]);
        }

        Assert.InRange(Reports(Answer([.. parameters])).Count, 1, UnrecognizedParameters.MaxReportLength / 12);
        Assert.Empty(Reports(Answer([0xFF, 0, 4, 4, .. new byte[1024]])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(200)]
    public void An_INIT_with_a_malformed_parameter_is_dropped(byte length)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (_, SctpPeer Z) = SctpPeer.CreatePair(network);
        Z.HandleDatagram(network.Now, default, default, PacketTap.Create(0, ChunkType.Init, 0, [.. PacketTap.Words(7, 1 << 20, (9 << 16) | 9, 1), 0xFF, 0, 0, length]));
        network.Run(TimeSpan.FromMilliseconds(10));
        Assert.Empty(tap.Sent);
    }

    private static byte[] Answer(byte[] parameters)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (_, SctpPeer Z) = SctpPeer.CreatePair(network);
        Z.HandleDatagram(network.Now, default, default, PacketTap.Create(0, ChunkType.Init, 0, [.. PacketTap.Words(7, 1 << 20, (9 << 16) | 9, 1), .. parameters]));
        network.Run(TimeSpan.FromMilliseconds(10));
        return tap.Sent.Single(c => c.Type == ChunkType.InitAck).Value;
    }

    private static List<byte[]> Reports(byte[] initAck)
    {
        var found = new List<byte[]>();
        var reader = new TlvReader(initAck.AsSpan(InitChunk.FixedLength));
        while (reader.TryRead(out ushort type, out ReadOnlySpan<byte> value))
        {
            if ((ParameterType)type == ParameterType.UnrecognizedParameter)
            {
                found.Add(value.ToArray());
            }
        }

        Assert.False(reader.IsMalformed);
        return found;
    }
}
