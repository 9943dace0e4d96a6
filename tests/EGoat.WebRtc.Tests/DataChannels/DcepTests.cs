using System.Buffers.Binary;
using EGoat.WebRtc.DataChannels;

namespace EGoat.WebRtc.Tests.DataChannels;

public sealed class DcepTests
{
    [Theory]
    [InlineData(DataChannelPriority.VeryLow, 128)]
    [InlineData(DataChannelPriority.Low, 256)]
    [InlineData(DataChannelPriority.Medium, 512)]
    [InlineData(DataChannelPriority.High, 1024)]
    public void The_priority_is_written_as_a_number(DataChannelPriority priority, int expected) =>
        Assert.Equal(expected, BinaryPrimitives.ReadUInt16BigEndian(DcepOpen.Create("x", new() { Priority = priority }).AsSpan(2)));

    [Theory]
    [InlineData(0, DataChannelPriority.VeryLow)]
    [InlineData(128, DataChannelPriority.VeryLow)]
    [InlineData(129, DataChannelPriority.Low)]
    [InlineData(256, DataChannelPriority.Low)]
    [InlineData(300, DataChannelPriority.Medium)]
    [InlineData(512, DataChannelPriority.Medium)]
    [InlineData(513, DataChannelPriority.High)]
    [InlineData(65535, DataChannelPriority.High)]
    public void Any_number_is_read_as_one_of_the_four_priorities(ushort number, DataChannelPriority expected)
    {
        byte[] open = DcepOpen.Create("x", new());
        BinaryPrimitives.WriteUInt16BigEndian(open.AsSpan(2), number);
        Assert.True(DcepOpen.TryParse(open, out _, out DataChannelOptions options));
        Assert.Equal(expected, options.Priority);
    }

    [Fact]
    public void Every_kind_of_channel_survives_writing_and_reading()
    {
        DataChannelOptions[] kinds =
        [
            new(),
            new() { Ordered = false },
            new() { MaxRetransmits = 0 },
            new() { MaxRetransmits = 65535, Ordered = false },
            new() { MaxPacketLifeTime = 0, Ordered = false },
            new() { MaxPacketLifeTime = 65535, Protocol = "protocole \u00E9\u6F22\U0001F410" },
        ];
        foreach (DataChannelOptions kind in kinds)
        {
            Assert.True(DcepOpen.TryParse(DcepOpen.Create("label \u05D0\u0000\u202E", kind), out string label, out DataChannelOptions read));
            Assert.Equal("label \u05D0\u0000\u202E", label);
            Assert.Equal(kind, read);
        }
    }

    [Fact]
    public void An_OPEN_of_a_wrong_length_or_kind_is_not_read()
    {
        byte[] open = DcepOpen.Create("label", new() { Protocol = "goat" });
        for (int length = 0; length < open.Length; length++)
        {
            Assert.False(DcepOpen.TryParse(open.AsSpan(0, length), out _, out _));
        }

        Assert.False(DcepOpen.TryParse([.. open, 0], out _, out _));
        open[1] = 3;
        Assert.False(DcepOpen.TryParse(open, out _, out _));
    }
}
