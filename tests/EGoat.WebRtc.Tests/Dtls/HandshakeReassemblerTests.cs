using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

public sealed class HandshakeReassemblerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Fragments_of_one_byte_make_a_message_in_any_order_and_twice(int seed)
    {
        var random = new Random(seed);
        byte[] body = new byte[1700];
        random.NextBytes(body);
        var reassembler = new HandshakeReassembler();
        int[] order = [.. Enumerable.Range(0, body.Length).Concat(Enumerable.Range(0, body.Length - 1)).OrderBy(_ => random.Next())];
        int came = 0;
        byte[] message = [];
        while (!reassembler.TryTake(out _, out message, out _))
        {
            int at = order[came++];
            reassembler.Add(Fragment(0, body.Length, at, 1), [body[at]], isProtected: false);
        }

        Assert.Equal(order.Take(came).Distinct().Count(), body.Length);
        Assert.Equal(body, message[HandshakeHeader.EncodedLength..]);
    }

    [Fact]
    public void Every_second_byte_of_the_longest_message_takes_no_more_room_than_the_message()
    {
        var reassembler = new HandshakeReassembler();
        for (int at = 0; at < HandshakeReassembler.MaxMessageLength; at += 2)
        {
            reassembler.Add(Fragment(0, HandshakeReassembler.MaxMessageLength, at, 1), [1], isProtected: false);
        }

        Assert.Equal(HandshakeReassembler.MaxMessageLength, reassembler.PendingBytes);
        Assert.False(reassembler.TryTake(out _, out _, out _));
    }

    [Fact]
    public void The_longest_message_has_16_KiB()
    {
        var reassembler = new HandshakeReassembler();
        reassembler.Add(Fragment(0, HandshakeReassembler.MaxMessageLength + 1, 0, 1), [1], isProtected: false);
        Assert.Equal(0, reassembler.PendingBytes);
        reassembler.Add(Fragment(0, HandshakeReassembler.MaxMessageLength, 0, 1), [1], isProtected: false);
        Assert.Equal(HandshakeReassembler.MaxMessageLength, reassembler.PendingBytes);
    }

    [Fact]
    public void Unfinished_messages_never_take_more_than_the_limit_and_the_next_one_always_finds_room()
    {
        var random = new Random(1);
        var reassembler = new HandshakeReassembler();
        for (int i = 0; i < 10_000; i++)
        {
            var header = new HandshakeHeader((HandshakeType)random.Next(25), random.Next(1 << random.Next(1, 25)), (ushort)random.Next(20), 0, 0);
            reassembler.Add(header, [], random.Next(2) == 0);
            Assert.InRange(reassembler.PendingBytes, 0, HandshakeReassembler.MaxPendingBytes);
        }

        int next = reassembler.NextSequence;
        byte[] longest = new byte[HandshakeReassembler.MaxMessageLength];
        reassembler.Add(Fragment(next, longest.Length, 0, longest.Length), longest, isProtected: true);
        Assert.True(reassembler.TryTake(out _, out _, out _));
        Assert.Equal(next + 1, reassembler.NextSequence);
    }

    [Fact]
    public void All_room_is_free_again_when_the_messages_were_read()
    {
        var reassembler = new HandshakeReassembler();
        for (int i = 7; i >= 0; i--)
        {
            reassembler.Add(Fragment(i, 100, 0, 100), new byte[100], isProtected: false);
        }

        Assert.Equal(800, reassembler.PendingBytes);
        for (int i = 0; i < 8; i++)
        {
            Assert.True(reassembler.TryTake(out _, out _, out _));
        }

        Assert.Equal(0, reassembler.PendingBytes);
    }

    [Fact]
    public void A_forged_fragment_does_not_block_the_honest_message_for_ever()
    {
        var reassembler = new HandshakeReassembler();
        reassembler.Add(Fragment(0, 5, 0, 2), [6, 6], isProtected: false);
        reassembler.Add(Fragment(0, 4, 0, 4), [1, 2, 3, 4], isProtected: false);
        Assert.True(reassembler.TryTake(out _, out byte[] message, out _));
        Assert.Equal([1, 2, 3, 4], message[HandshakeHeader.EncodedLength..]);
    }

    [Fact]
    public void What_is_protected_does_not_yield_to_what_is_not()
    {
        var reassembler = new HandshakeReassembler();
        reassembler.Add(Fragment(0, 4, 0, 2), [1, 2], isProtected: true);
        reassembler.Add(Fragment(0, 4, 0, 4), [6, 6, 6, 6], isProtected: false);
        Assert.False(reassembler.TryTake(out _, out _, out _));
        reassembler.Add(Fragment(0, 4, 2, 2), [3, 4], isProtected: true);
        Assert.True(reassembler.TryTake(out _, out byte[] message, out bool isProtected));
        Assert.True(isProtected);
        Assert.Equal([1, 2, 3, 4], message[HandshakeHeader.EncodedLength..]);
    }

    [Fact]
    public void What_is_protected_takes_the_place_of_what_is_not()
    {
        var reassembler = new HandshakeReassembler();
        reassembler.Add(Fragment(0, 4, 0, 4), [6, 6, 6, 6], isProtected: false);
        reassembler.Add(Fragment(0, 4, 0, 4), [1, 2, 3, 4], isProtected: true);
        Assert.True(reassembler.TryTake(out _, out byte[] message, out bool isProtected));
        Assert.True(isProtected);
        Assert.Equal([1, 2, 3, 4], message[HandshakeHeader.EncodedLength..]);
    }

    [Theory]
    [InlineData(0xFFFFFF, 0, 0, true)]
    [InlineData(10, 8, 3, false)]
    [InlineData(10, 0xFFFFFF, 1, false)]
    [InlineData(10, 8, 2, true)]
    public void A_fragment_lies_within_its_message(int length, int offset, int fragmentLength, bool isRead)
    {
        byte[] bytes = new byte[HandshakeHeader.EncodedLength + fragmentLength];
        new HandshakeHeader(HandshakeType.Certificate, length, 0, offset, fragmentLength).Write(bytes);
        var reader = new TlsReader(bytes);
        Assert.Equal(isRead, HandshakeHeader.TryRead(ref reader, out _, out _));
    }

    private static HandshakeHeader Fragment(int sequence, int length, int offset, int fragmentLength) =>
        new(HandshakeType.Certificate, length, (ushort)sequence, offset, fragmentLength);
}
