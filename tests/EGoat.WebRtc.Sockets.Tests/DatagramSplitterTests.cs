namespace EGoat.WebRtc.Sockets.Tests;

public sealed class DatagramSplitterTests
{
    // A STUN message without attributes, a record of 5 bytes, ChannelData of 2 bytes, each with its length where the protocol has it.
    private static readonly byte[] Stun = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, .. new byte[12]];
    private static readonly byte[] Record = [23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 7, 0, 5, 1, 2, 3, 4, 5];
    private static readonly byte[] ChannelData = [0x40, 0, 0, 2, 8, 9];

    [Fact]
    public void Joined_datagrams_of_every_protocol_come_apart_where_they_were_joined()
    {
        byte[][] parts = [Record, Stun, ChannelData, Record, Stun];
        Assert.Equal(parts, Split([.. parts.SelectMany(p => p)], out int left));
        Assert.Equal(0, left);
    }

    [Fact]
    public void Records_that_follow_one_another_stay_together()
    {
        byte[][] parts = [[.. Record, .. Record, .. Record], Stun, [.. Record, .. Record]];
        Assert.Equal(parts, Split([.. parts.SelectMany(p => p)], out int left));
        Assert.Equal(0, left);
    }

    [Theory]
    [InlineData(80)] // RTP, which nobody here speaks
    [InlineData(16)] // ZRTP
    [InlineData(255)]
    public void What_fits_nothing_ends_the_splitting_and_what_came_before_it_counts(byte first)
    {
        byte[] joined = [.. Record, first, .. Stun];
        Assert.Equal([Record], Split(joined, out int left));
        Assert.Equal(joined.Length - Record.Length, left);
    }

    [Theory]
    [MemberData(nameof(Truncations))]
    public void A_datagram_cut_short_is_not_taken(byte[] datagram)
    {
        Assert.Equal([Record], Split([.. Record, .. datagram], out int left));
        Assert.Equal(datagram.Length, left);
    }

    public static TheoryData<byte[]> Truncations()
    {
        var data = new TheoryData<byte[]>();
        foreach (byte[] whole in new[] { Stun, Record, ChannelData })
        {
            for (int length = 1; length < whole.Length; length++)
            {
                data.Add(whole[..length]);
            }
        }

        return data;
    }

    private static List<byte[]> Split(byte[] joined, out int left)
    {
        Span<byte> rest = joined;
        var parts = new List<byte[]>();
        while (DatagramSplitter.TryTake(ref rest, out Span<byte> datagram))
        {
            parts.Add(datagram.ToArray());
        }

        left = rest.Length;
        return parts;
    }
}
