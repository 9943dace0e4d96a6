using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.FuzzTests.Sctp;

/// <summary>What a hostile peer may try once it is connected.</summary>
public sealed class SctpAbuseTests
{
    private const byte Whole = DataChunk.BeginFlag | DataChunk.EndFlag;

    private static readonly SctpOptions Options = new() { EnableZeroChecksum = false };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void A_chunk_shorter_than_its_header_is_dropped(byte length)
    {
        SctpTarget target = Connected();
        long dropped = target.A.DroppedPackets;
        byte[] chunk = SctpChunks.Chunk(ChunkType.Heartbeat, 0, 1, 2, 3, 4);
        chunk[3] = length;
        target.Deliver(SctpChunks.Join(target.TagOfA, chunk));
        Assert.Equal((SctpState.Established, dropped + 1), (target.A.State, target.A.DroppedPackets));
        Assert.Empty(target.PollA());
    }

    [Theory]
    [InlineData(1u, 0u)]
    [InlineData(0u, 1u)]
    [InlineData(65535u, 65535u)]
    public void A_SACK_that_counts_more_than_it_has_is_dropped(uint blocks, uint duplicates)
    {
        SctpTarget target = Connected();
        target.Channels.Channels.First().Send(target.Now, new byte[100], false);
        target.PollA();
        long flight = target.A.FlightSize;
        target.Deliver(SctpChunks.Join(target.TagOfA, SctpChunks.Chunk(ChunkType.Sack, 0, SctpChunks.Words(target.InitialTsnOfA + 10, 1000, (blocks << 16) | duplicates))));
        Assert.True(flight > 0 && target.A.FlightSize == flight, $"{target.Log}");
    }

    [Fact]
    public void A_forged_tag_changes_nothing()
    {
        foreach (ChunkType type in Enum.GetValues<ChunkType>().Where(t => t != ChunkType.Init))
        {
            SctpTarget target = Connected();
            target.Deliver(SctpChunks.Join(target.TagOfA ^ 1, SctpChunks.Chunk(type, 0, new byte[20])));
            target.Deliver(SctpChunks.Join(target.TagOfA ^ 1, SctpChunks.Chunk(type, 1, new byte[20])));
            target.Deliver(SctpChunks.Join(0, SctpChunks.Chunk(type, 0, new byte[20])));
            Assert.Equal(SctpState.Established, target.A.State);
            Assert.Empty(target.PollA());
        }
    }

    [Fact]
    public void A_zero_checksum_counts_only_where_it_is_agreed()
    {
        foreach (bool isAgreed in (ReadOnlySpan<bool>)[true, false])
        {
            SctpTarget target = Connected(Options with { EnableZeroChecksum = isAgreed });
            byte[] packet = SctpChunks.Join(target.TagOfA, SctpChunks.Chunk(ChunkType.Heartbeat, 0, 1, 2, 3, 4));
            packet.AsSpan(SctpPacket.ChecksumOffset, sizeof(uint)).Clear();
            target.Deliver(packet);
            Assert.Equal(isAgreed ? 1 : 0, target.PollA().Count);
        }
    }

    [Fact]
    public void A_label_that_overruns_its_message_opens_no_channel()
    {
        byte[] open = DcepOpen.Create("label", new() { Protocol = "goat" });
        foreach (int change in Enumerable.Range(-5, 200).Where(c => c != 0))
        {
            byte[] changed = [.. open];
            changed[9] = (byte)(changed[9] + change);
            SctpTarget target = Connected();
            Send(target, 0, 1, PayloadProtocol.Dcep, changed);
            Assert.DoesNotContain(target.Channels.Channels, c => c.Id == 1);
            Assert.Equal((SctpState.Established, 0), (target.A.State, target.BufferedBytes));
        }
    }

    [Fact]
    public void A_label_that_is_no_UTF_8_is_replaced_and_an_unknown_kind_of_message_is_dropped()
    {
        SctpTarget target = Connected();
        byte[] open = DcepOpen.Create("xx", new());
        open[^1] = 0xFF;
        open[^2] = 0xC0;
        Send(target, 0, 1, PayloadProtocol.Dcep, open);
        DataChannel channel = target.Channels.Channels.Single(c => c.Id == 1);
        Assert.Equal("\uFFFD\uFFFD", channel.Label);
        Send(target, 1, 1, 999, [1, 2, 3]);
        Send(target, 2, 1, PayloadProtocol.Dcep, [77]);
        Send(target, 3, 1, PayloadProtocol.Text, [0xC0, 0xFF]);
        Assert.Equal(3 - 1, DataLengthOf(channel));
        Assert.Equal(0, target.BufferedBytes);
    }

    [Fact]
    public void An_endless_message_breaks_the_association_at_the_announced_size()
    {
        SctpTarget target = Connected();
        uint sent = 0;
        while (target.A.State == SctpState.Established)
        {
            Assert.True(1000 * sent <= Options.MaxMessageSize + 1000, "A message has no end.");
            Deliver(target, SctpChunks.Data(target.A.IsInterleaved, sent == 0 ? DataChunk.BeginFlag : (byte)0, NextTsn(target) + sent, 1, 0, sent, PayloadProtocol.Binary, new byte[1000]));
            sent++;
        }

        Assert.Equal("The peer sent a message above the announced size.", target.A.EndReason);
    }

    [Fact]
    public void Unfinished_messages_cost_what_the_window_says()
    {
        SctpTarget target = Connected();
        AssertMemory(48 * 1024 * 1024, target, () =>
        {
            uint tsn = NextTsn(target);
            for (uint i = 0; i < 60_000; i++)
            {
                Deliver(target, SctpChunks.Data(true, DataChunk.BeginFlag, tsn + i, (ushort)(i & 1023), i >> 10, 0, PayloadProtocol.Binary, [1]));
            }
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(60_000)]
    [InlineData(int.MaxValue - 1)]
    public void A_TSN_jump_does_not_open_the_window_of_a_receiver_that_never_reads(int jump)
    {
        SctpTarget target = Connected();
        AssertMemory(24 * 1024 * 1024, target, () =>
        {
            uint first = NextTsn(target);
            Deliver(target, SctpChunks.Data(true, Whole | DataChunk.UnorderedFlag, first + (uint)jump, 0, 50_000, 0, PayloadProtocol.Binary, [1]));
            for (uint i = 0; i < 50_000; i++)
            {
                Deliver(target, SctpChunks.Data(true, Whole | DataChunk.UnorderedFlag, first + i, 0, i, 0, PayloadProtocol.Binary, new byte[1100]));
            }
        });
    }

    /// <summary>Each FORWARD-TSN looks at all unfinished messages: a packet makes it do so once, however many it names.</summary>
    [Fact]
    public void A_packet_of_many_FORWARD_TSNs_skips_once()
    {
        SctpTarget target = Connected();
        uint first = NextTsn(target);
        byte[][] skips = [.. Enumerable.Range(0, 60).Select(i => SctpChunks.Chunk(ChunkType.IForwardTsn, 0, SctpChunks.Words(first + (uint)i, 7 << 16, (uint)i)))];
        target.Deliver(SctpChunks.Join(target.TagOfA, skips));
        byte[] sack = SctpChunks.Split(target.PollA()[0])[0];
        Assert.Equal(first, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(sack.AsSpan(4)));
        target.Deliver(SctpChunks.Join(target.TagOfA, skips[^1]));
        sack = SctpChunks.Split(target.PollA()[0])[0];
        Assert.Equal(first + 59, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(sack.AsSpan(4)));
    }

    [Fact]
    public void Labels_of_all_channels_together_have_a_bound()
    {
        SctpTarget target = Connected();
        AssertMemory(24 * 1024 * 1024, target, () =>
        {
            byte[] open = DcepOpen.Create(new string('x', 60_000), new());
            uint tsn = NextTsn(target);
            for (int channel = 0; channel < 1000; channel++)
            {
                for (int at = 0; at < open.Length; at += 1100)
                {
                    int end = Math.Min(open.Length, at + 1100);
                    byte flags = (byte)((at == 0 ? DataChunk.BeginFlag : 0) | (end == open.Length ? DataChunk.EndFlag : 0));
                    Deliver(target, SctpChunks.Data(true, flags, tsn++, (ushort)((2 * channel) + 1), 0, (uint)(at / 1100), PayloadProtocol.Dcep, open.AsSpan(at, end - at)));
                }
            }
        });
    }

    [Fact]
    public void A_storm_of_resets_is_answered_once_each_and_leaves_nothing()
    {
        SctpTarget target = Connected();
        AssertMemory(4 * 1024 * 1024, target, () =>
        {
            for (uint i = 0; i < 20_000; i++)
            {
                uint number = target.InitialTsnOfZ + i;
                byte[] request = i % 2 == 0
                    ? SctpChunks.Chunk(0, (byte)ParameterType.OutgoingSsnResetRequest, SctpChunks.Words(number, 0, target.InitialTsnOfZ - 1, i))
                    : SctpChunks.Chunk(0, (byte)ParameterType.IncomingSsnResetRequest, SctpChunks.Words(number, i));
                target.Deliver(SctpChunks.Join(target.TagOfA, SctpChunks.Chunk(ChunkType.ReConfig, 0, request)));
                Assert.InRange(target.PollA().Count, 0, 2);
            }
        });
        Assert.Equal(SctpState.Established, target.A.State);
    }

    [Fact]
    public void A_packet_of_many_resets_of_all_streams_carries_out_a_few()
    {
        SctpTarget target = Connected();
        byte[][] requests = [.. Enumerable.Range(0, 60).Select(i => SctpChunks.Chunk(
            ChunkType.ReConfig, 0, SctpChunks.Chunk(0, (byte)ParameterType.OutgoingSsnResetRequest, SctpChunks.Words(target.InitialTsnOfZ + (uint)i, 0, target.InitialTsnOfZ - 1))))];
        target.Deliver(SctpChunks.Join(target.TagOfA, requests));
        byte[] answer = SctpChunks.Split(target.PollA()[0]).Single(c => c[0] == (byte)ChunkType.ReConfig);
        Assert.Equal(SctpChunks.Words(target.InitialTsnOfZ + 3, 1), answer[8..16]); // number and "performed" of the fourth
        target.Deliver(SctpChunks.Join(target.TagOfA, requests[4]));
        answer = SctpChunks.Split(target.PollA()[0]).Single(c => c[0] == (byte)ChunkType.ReConfig);
        Assert.Equal(SctpChunks.Words(target.InitialTsnOfZ + 4, 1), answer[8..16]);
    }

    [Fact]
    public void A_packet_of_many_requests_is_not_answered_with_more_packets_than_the_queue_holds()
    {
        SctpTarget target = Connected();
        target.Deliver(SctpChunks.Join(target.TagOfA, [.. Enumerable.Repeat(SctpChunks.Chunk(ChunkType.Heartbeat, 0), 280)]));
        Assert.InRange(target.PollA().Count, 1, 32);
        target.Deliver(SctpChunks.Join(target.TagOfA, [.. Enumerable.Repeat(SctpChunks.Chunk((ChunkType)0xFE, 0), 280)]));
        Assert.InRange(target.PollA().Count, 1, 4);
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void A_HEARTBEAT_ACK_with_another_time_does_not_throw(long ticks)
    {
        SctpTarget target = Connected();
        target.Now += TimeSpan.FromSeconds(31);
        target.HandleTimeout();
        target.PollA();
        byte[] chunk = SctpChunks.Split(target.Heartbeat!)[0];
        chunk[0] = (byte)ChunkType.HeartbeatAck;
        target.Deliver(SctpChunks.Join(target.TagOfA, chunk));
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(chunk.AsSpan(chunk.Length - sizeof(long)), ticks);
        target.Deliver(SctpChunks.Join(target.TagOfA, chunk));
        Assert.Equal(SctpState.Established, target.A.State);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(1160)]
    public void A_SACK_that_fills_the_packet_leaves_the_answer_to_a_reset_for_the_next(int maxPacketSize)
    {
        SctpTarget target = Connected(Options with { MaxPacketSize = maxPacketSize });
        uint first = NextTsn(target);
        for (uint i = 1; i <= 600; i++)
        {
            target.PollA();
            target.Deliver(SctpChunks.Join(target.TagOfA, SctpChunks.Data(true, Whole | DataChunk.UnorderedFlag, first + (2 * i), 0, i, 0, 51, [1])));
        }

        byte[] request = SctpChunks.Chunk(0, (byte)ParameterType.OutgoingSsnResetRequest, SctpChunks.Words(target.InitialTsnOfZ, 0, first - 1));
        target.Deliver(SctpChunks.Join(target.TagOfA, SctpChunks.Chunk(ChunkType.ReConfig, 0, request)));
        Assert.Equal([ChunkType.Sack, ChunkType.ReConfig], target.PollA().Select(p => (ChunkType)p[SctpPacket.HeaderLength]).Take(2));
    }

    [Theory]
    [InlineData((byte)ChunkType.Abort)]
    [InlineData((byte)ChunkType.Shutdown)]
    public void A_handshake_that_ends_the_association_at_once_opens_no_channel(byte end)
    {
        SctpTarget target = SctpTarget.InState(SctpState.CookieEchoed, Options, 1, new PacketLog(nameof(SctpAbuseTests)));
        target.Deliver(SctpChunks.Join(target.TagOfA, SctpChunks.Chunk(ChunkType.CookieAck, 0), SctpChunks.Chunk((ChunkType)end, 0, SctpChunks.Words(target.InitialTsnOfA))));
        Assert.DoesNotContain(target.Channels.Channels, c => c.ReadyState == DataChannelState.Open);
    }

    private static SctpTarget Connected(SctpOptions? options = null) =>
        SctpTarget.InState(SctpState.Established, options ?? Options, 1, new PacketLog(nameof(SctpAbuseTests)));

    // Z has sent two acknowledgements of channels.
    private static uint NextTsn(SctpTarget target) => target.InitialTsnOfZ + 2;

    private static void Deliver(SctpTarget target, byte[] chunk)
    {
        target.Deliver(SctpChunks.Join(target.TagOfA, chunk));
        target.PollA();
    }

    private static void Send(SctpTarget target, uint number, ushort stream, uint ppid, byte[] payload) =>
        target.Deliver(SctpChunks.Join(target.TagOfA, SctpChunks.Data(true, Whole, NextTsn(target) + number, stream, number, 0, ppid, payload)));

    private static int DataLengthOf(DataChannel channel)
    {
        int length = 0;
        while (channel.TryReceive(out DataChannelMessage message))
        {
            length += message.Length;
            message.Return();
        }

        return length;
    }

    private static void AssertMemory(long bound, SctpTarget target, Action attack)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        attack();
        long growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(growth < bound, $"{growth} bytes are held; {target.Log}");
    }
}
