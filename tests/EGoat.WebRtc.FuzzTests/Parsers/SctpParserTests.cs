using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Socket;
using FsCheck.Fluent;

namespace EGoat.WebRtc.FuzzTests.Parsers;

public sealed class SctpParserTests
{
    [Fact]
    public void Mutated_packets_are_walked_to_their_end() => CorpusGenerators.CheckPackets("sctp", PacketShare.SctpParser, bytes =>
    {
        var chunks = new TlvReader(bytes.AsSpan(Math.Min(bytes.Length, SctpPacket.HeaderLength)));
        int steps = 0;
        while (chunks.TryReadChunk(out ChunkType type, out byte flags, out ReadOnlySpan<byte> value))
        {
            Assert.True(++steps <= bytes.Length / TlvReader.HeaderLength, "A chunk without length is walked for ever.");
            ReadChunk(type, flags, value);
        }
    });

    [Fact]
    public void A_DATA_chunk_is_written_and_read_again() => FuzzRun.Check(CorpusGenerators.Bytes(60), FuzzRun.ShrinkArray, bytes =>
    {
        foreach (ChunkType type in (ReadOnlySpan<ChunkType>)[ChunkType.Data, ChunkType.IData])
        {
            byte flags = bytes.Length > 0 ? (byte)(bytes[0] & 15) : (byte)0;
            if (DataChunk.TryParse(type, flags, bytes, out DataChunk chunk))
            {
                byte[] written = SctpChunks.Data(chunk.IsInterleaved, chunk.Flags, chunk.Tsn, chunk.StreamId, chunk.MessageNumber, chunk.FragmentNumber, chunk.PayloadProtocolId, chunk.Payload);
                var reader = new TlvReader(written);
                Assert.True(reader.TryReadChunk(out ChunkType typeRead, out byte flagsRead, out ReadOnlySpan<byte> value));
                Assert.True(DataChunk.TryParse(typeRead, flagsRead, value, out DataChunk again));
                Assert.Equal((chunk.Tsn, chunk.StreamId, chunk.MessageNumber, chunk.FragmentNumber, chunk.PayloadProtocolId), (again.Tsn, again.StreamId, again.MessageNumber, again.FragmentNumber, again.PayloadProtocolId));
                Assert.Equal((chunk.Flags, chunk.IsInterleaved), (again.Flags, again.IsInterleaved));
                Assert.Equal(chunk.Payload, again.Payload);
                Assert.Equal(0, written.Length % 4);
            }
        }
    }, 2000);

    [Fact]
    public void An_INIT_is_written_and_read_again() => FuzzRun.Check(Gen.Choose(0, int.MaxValue - 1), _ => [], seed =>
    {
        var random = new Random(seed);
        var cookie = new byte[random.Next(1, 200)];
        random.NextBytes(cookie);
        var init = new InitChunk
        {
            InitiateTag = (uint)random.Next(1, int.MaxValue),
            AdvertisedReceiverWindow = (uint)random.Next(),
            OutboundStreams = (ushort)random.Next(1, 65536),
            InboundStreams = (ushort)random.Next(1, 65536),
            InitialTsn = (uint)random.Next(),
            Capabilities = (Capabilities)random.Next(16),
            Cookie = cookie,
        };
        var buffer = new byte[300];
        var writer = new PacketWriter(buffer, 0);
        init.Write(ref writer, ChunkType.InitAck);
        var reader = new TlvReader(buffer.AsSpan(0, writer.Length));
        Assert.True(reader.TryReadChunk(out _, out _, out ReadOnlySpan<byte> value));
        Assert.True(InitChunk.TryParse(value, out InitChunk again));
        Assert.Equal((init.InitiateTag, init.AdvertisedReceiverWindow, init.OutboundStreams, init.InboundStreams, init.InitialTsn, init.Capabilities), (again.InitiateTag, again.AdvertisedReceiverWindow, again.OutboundStreams, again.InboundStreams, again.InitialTsn, again.Capabilities));
        Assert.Equal(cookie, again.Cookie);
    }, 1000);

    [Fact]
    public void A_cookie_is_written_and_read_again_and_no_changed_bit_survives()
    {
        byte[] secret = new byte[32];
        var cookie = new StateCookie { LocalTag = 1, LocalInitialTsn = 2, PeerTag = 3, PeerInitialTsn = 4, PeerWindow = 5, PeerInboundStreams = 6, PeerCapabilities = (Capabilities)7, LocalTieTag = 8, PeerTieTag = 9, Created = TimeSpan.FromSeconds(10) };
        var bytes = new byte[StateCookie.Length];
        cookie.Write(bytes, secret);
        Assert.True(StateCookie.TryParse(bytes, secret, out StateCookie again));
        Assert.Equal(cookie, again);
        for (int bit = 0; bit < 8 * bytes.Length; bit++)
        {
            byte[] changed = [.. bytes];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(StateCookie.TryParse(changed, secret, out _), $"bit {bit}");
        }

        Assert.False(StateCookie.TryParse(bytes.AsSpan(1), secret, out _));
    }

    [Fact]
    public void A_mutated_DATA_CHANNEL_OPEN_is_read_or_refused() => CorpusGenerators.CheckPackets("dcep", PacketShare.DcepParser, bytes =>
    {
        if (!DcepOpen.TryParse(bytes, out string label, out DataChannelOptions options))
        {
            return;
        }

        Assert.True(label.Length + options.Protocol.Length <= bytes.Length);
        Assert.True(DcepOpen.TryParse(DcepOpen.Create(label, options), out string labelAgain, out DataChannelOptions optionsAgain));
        Assert.Equal((label, options), (labelAgain, optionsAgain));
    });

    private static void ReadChunk(ChunkType type, byte flags, ReadOnlySpan<byte> value)
    {
        DataChunk.TryParse(type, flags, value, out _);
        InitChunk.TryParse(value, out _);
        StateCookie.TryParse(value, new byte[32], out _);
        if (SackChunk.TryParse(value, out SackChunk sack))
        {
            for (int i = 0; i < sack.GapBlockCount; i++)
            {
                sack.GetGapBlock(i);
            }
        }
    }
}
