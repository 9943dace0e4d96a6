using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.FuzzTests.Sctp;

/// <summary>Makes chunks that mean something to a <see cref="SctpTarget"/>: right numbers, or numbers a little off.</summary>
internal sealed class SctpCrafter(Random random, SctpTarget target)
{
    private static readonly uint[] PayloadProtocols = [PayloadProtocol.Dcep, PayloadProtocol.Text, PayloadProtocol.Binary, PayloadProtocol.EmptyText, PayloadProtocol.EmptyBinary, 0, 52, uint.MaxValue];

    private readonly Mutator _mutator = new(random, CorpusFiles.Read("sctp"));

    /// <summary>A packet that gets past checksum and tag, most of the time.</summary>
    public byte[] NextPacket()
    {
        byte[] packet;
        switch (random.Next(5))
        {
            case 0 or 1 when target.FromZ.Count > 0:
                packet = _mutator.Mutate(target.FromZ[random.Next(target.FromZ.Count)]);
                break;
            case 2:
                packet = _mutator.Mutate(Craft());
                break;
            default:
                packet = Craft();
                break;
        }

        if (random.Next(16) != 0)
        {
            bool isInit = packet.Length > SctpPacket.HeaderLength && packet[SctpPacket.HeaderLength] == (byte)ChunkType.Init;
            SctpChunks.Repair(packet, isInit ? 0 : target.TagOfA);
        }

        return packet;
    }

    private byte[] Craft()
    {
        if (random.Next(16) == 0)
        {
            return CraftGaps();
        }

        var chunks = new byte[1 + random.Next(4)][];
        for (int i = 0; i < chunks.Length; i++)
        {
            chunks[i] = NextChunk();
        }

        return SctpChunks.Join(target.TagOfA, chunks);
    }

    // Every second TSN: a SACK can hardly list so many gaps.
    private byte[] CraftGaps()
    {
        uint tsn = target.InitialTsnOfZ + (2 * (uint)random.Next(300));
        var chunks = new byte[50][];
        for (int i = 0; i < chunks.Length; i++)
        {
            chunks[i] = SctpChunks.Data(target.A.IsInterleaved, DataChunk.UnorderedFlag | DataChunk.BeginFlag | DataChunk.EndFlag, tsn + (2 * (uint)i), 1, tsn + (uint)i, 0, 0, [1]);
        }

        return SctpChunks.Join(target.TagOfA, [.. chunks, NextReConfig()]);
    }

    private byte[] NextChunk()
    {
        switch (random.Next(22))
        {
            case 0 or 1 or 2 or 3 or 4 or 5:
                return NextData();
            case 6 or 7 or 8:
                return NextSack();
            case 9 or 10:
                return NextForwardTsn();
            case 11 or 12 or 13:
                return NextReConfig();
            case 14:
                return SctpChunks.Chunk(ChunkType.Heartbeat, 0, NextBytes(40));
            case 15:
                return NextHeartbeatAck();
            case 16:
                return SctpChunks.Chunk(ChunkType.Shutdown, 0, SctpChunks.Words(target.InitialTsnOfA + Near()));
            case 17:
                ChunkType[] plain = [ChunkType.CookieAck, ChunkType.ShutdownAck, ChunkType.ShutdownComplete, ChunkType.Error, ChunkType.Abort];
                return SctpChunks.Chunk(plain[random.Next(plain.Length)], (byte)random.Next(2), NextBytes(12));
            case 18:
                return SctpChunks.Chunk(ChunkType.Error, 0, SctpChunks.Words(0x0003_0008, 1000));
            case 19 when target.CookieEchoOfZ.Length > 0:
                return SctpChunks.Split(target.CookieEchoOfZ)[0];
            case 20:
                return NextInit();
            default:
                return SctpChunks.Chunk((ChunkType)random.Next(256), (byte)random.Next(256), NextBytes(60));
        }
    }

    private byte[] NextData()
    {
        bool isInterleaved = random.Next(12) == 0 ? random.Next(2) == 0 : target.A.IsInterleaved;
        uint ppid = PayloadProtocols[random.Next(PayloadProtocols.Length)];
        byte[] payload = random.Next(4) == 0 ? DcepOpen.Create("x", new() { Ordered = random.Next(2) == 0 }) : NextBytes(random.Next(8) == 0 ? 1100 : 60, 1);
        payload = random.Next(150) == 0 ? [] : payload;
        byte flags = random.Next(3) == 0 ? (byte)random.Next(16) : (byte)(DataChunk.BeginFlag | DataChunk.EndFlag);
        return SctpChunks.Data(isInterleaved, flags, target.InitialTsnOfZ + Near(), NextStream(), (uint)random.Next(5), (uint)random.Next(5), ppid, payload);
    }

    private byte[] NextSack()
    {
        int blocks = random.Next(4);
        int duplicates = random.Next(3);
        var value = new List<byte>(SctpChunks.Words(target.InitialTsnOfA + Near(), (uint)random.Next(200_000), (uint)((blocks << 16) | duplicates)));
        int offset = 1;
        for (int i = 0; i < blocks; i++)
        {
            int start = offset + random.Next(3);
            offset = start + random.Next(3);
            value.AddRange(SctpChunks.Words((uint)((start << 16) | offset)));
        }

        value.AddRange(NextBytes(4 * duplicates, 4 * duplicates));
        return SctpChunks.Chunk(ChunkType.Sack, 0, [.. value]);
    }

    private byte[] NextForwardTsn()
    {
        bool isInterleaved = target.A.IsInterleaved;
        var value = new List<byte>(SctpChunks.Words(target.InitialTsnOfZ + Near()));
        for (int i = random.Next(4); i > 0; i--)
        {
            uint stream = (uint)NextStream() << 16;
            value.AddRange(isInterleaved ? SctpChunks.Words(stream | (uint)random.Next(2), (uint)random.Next(6)) : SctpChunks.Words(stream | (uint)random.Next(6)));
        }

        return SctpChunks.Chunk(isInterleaved ? ChunkType.IForwardTsn : ChunkType.ForwardTsn, 0, [.. value]);
    }

    private byte[] NextReConfig()
    {
        uint number = target.InitialTsnOfZ + (uint)random.Next(-1, 4);
        byte[] parameter = random.Next(4) switch
        {
            0 => SctpChunks.Chunk(0, (byte)ParameterType.OutgoingSsnResetRequest, [.. SctpChunks.Words(number, 0, target.InitialTsnOfZ + Near()), .. NextStreams()]),
            1 => SctpChunks.Chunk(0, (byte)ParameterType.IncomingSsnResetRequest, [.. SctpChunks.Words(number), .. NextStreams()]),
            2 => SctpChunks.Chunk(0, (byte)ParameterType.ReConfigurationResponse, SctpChunks.Words(target.InitialTsnOfA + (uint)random.Next(3), (uint)random.Next(8))),
            _ => SctpChunks.Chunk(0, (byte)random.Next(15, 19), SctpChunks.Words(number, (uint)random.Next(100))),
        };
        return SctpChunks.Chunk(ChunkType.ReConfig, 0, parameter);
    }

    private byte[] NextHeartbeatAck()
    {
        if (target.Heartbeat is not { } heartbeat)
        {
            return SctpChunks.Chunk(ChunkType.HeartbeatAck, 0, NextBytes(30));
        }

        byte[] chunk = SctpChunks.Split(heartbeat)[0];
        chunk[0] = (byte)ChunkType.HeartbeatAck;
        if (random.Next(2) == 0)
        {
            random.NextBytes(chunk.AsSpan(chunk.Length - sizeof(long)));
        }

        return chunk;
    }

    private byte[] NextInit()
    {
        ChunkType type = random.Next(2) == 0 ? ChunkType.Init : ChunkType.InitAck;
        byte[] cookie = type == ChunkType.InitAck ? SctpChunks.Chunk(0, (byte)ParameterType.StateCookie, NextBytes(100, 1)) : [];
        return SctpChunks.Chunk(type, 0, [.. SctpChunks.Words((uint)random.Next(), (uint)random.Next(), 0x0001_0001, (uint)random.Next()), .. cookie]);
    }

    private byte[] NextStreams()
    {
        var streams = new byte[2 * random.Next(4)];
        for (int i = 0; i < streams.Length; i += 2)
        {
            streams[i + 1] = (byte)random.Next(4);
        }

        return streams;
    }

    private ushort NextStream() => random.Next(12) == 0 ? ushort.MaxValue : (ushort)random.Next(4);

    private uint Near() => random.Next(30) == 0 ? (uint)random.NextInt64(1L << 32) : (uint)random.Next(-3, 24);

    private byte[] NextBytes(int maxLength, int minLength = 0)
    {
        var bytes = new byte[random.Next(minLength, maxLength + 1)];
        random.NextBytes(bytes);
        return bytes;
    }
}
