using EGoat.Testing;
using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.FuzzTests.Sctp;

/// <summary>Every state and every chunk: what RFC 9260 says becomes of the state. Deviations are those of docs/sctp.md.</summary>
public sealed class SctpStateTableTests
{
    private const string Closed = nameof(SctpState.Closed);
    private const string CookieWait = nameof(SctpState.CookieWait);
    private const string CookieEchoed = nameof(SctpState.CookieEchoed);
    private const string Established = nameof(SctpState.Established);
    private const string ShutdownPending = nameof(SctpState.ShutdownPending);
    private const string ShutdownSent = nameof(SctpState.ShutdownSent);
    private const string ShutdownReceived = nameof(SctpState.ShutdownReceived);
    private const string ShutdownAckSent = nameof(SctpState.ShutdownAckSent);

    private static readonly string[] States = Enum.GetNames<SctpState>();

    /// <summary>Where a packet changes the state; elsewhere it stays.</summary>
    private static readonly Dictionary<(string State, string Packet), string> Changes = new()
    {
        [(CookieWait, "InitAck")] = CookieEchoed, // section 5.1, C
        [(Closed, "CookieEcho")] = Established, // section 5.1, D
        [(CookieWait, "CookieEcho")] = Established, // section 5.2.4, action D
        [(CookieEchoed, "CookieEcho")] = Established,
        [(CookieEchoed, "CookieAck")] = Established, // section 5.1, E
        [(CookieEchoed, "StaleCookie")] = CookieWait, // section 5.2.6
        [(Closed, "RestartedCookieEcho")] = Established,
        [(CookieWait, "RestartedCookieEcho")] = Established, // section 5.2.4, action B
        [(CookieEchoed, "RestartedCookieEcho")] = Established,
        [(Established, "RestartedCookieEcho")] = Closed, // section 5.2.4, action A: a deviation, the owner connects anew
        [(ShutdownPending, "RestartedCookieEcho")] = Closed,
        [(ShutdownSent, "RestartedCookieEcho")] = Closed,
        [(ShutdownReceived, "RestartedCookieEcho")] = Closed,
        [(ShutdownAckSent, "RestartedCookieEcho")] = Closed, // its INIT is answered with SHUTDOWN ACK, which it answers with SHUTDOWN COMPLETE
        [(Established, "Shutdown")] = ShutdownAckSent, // section 9.2; nothing is outstanding
        [(ShutdownPending, "Shutdown")] = ShutdownReceived,
        [(ShutdownSent, "Shutdown")] = ShutdownAckSent,
        [(ShutdownPending, "Sack")] = ShutdownSent, // the last outstanding data
        [(ShutdownReceived, "Sack")] = ShutdownAckSent,
        [(ShutdownSent, "ShutdownAck")] = Closed,
        [(ShutdownAckSent, "ShutdownAck")] = Closed,
        [(ShutdownAckSent, "ShutdownComplete")] = Closed,
        [(CookieWait, "Abort")] = Closed, // section 9.1
        [(CookieEchoed, "Abort")] = Closed,
        [(Established, "Abort")] = Closed,
        [(ShutdownPending, "Abort")] = Closed,
        [(ShutdownSent, "Abort")] = Closed,
        [(ShutdownReceived, "Abort")] = Closed,
        [(ShutdownAckSent, "Abort")] = Closed,
        [(Established, "DataOfTheOtherKind")] = Closed, // RFC 8260 section 2.2.1
        [(ShutdownPending, "DataOfTheOtherKind")] = Closed,
        [(ShutdownSent, "DataOfTheOtherKind")] = Closed,
        [(ShutdownReceived, "DataOfTheOtherKind")] = Closed,
        [(Established, "EmptyData")] = Closed, // section 6.2
        [(ShutdownPending, "EmptyData")] = Closed,
        [(ShutdownSent, "EmptyData")] = Closed,
        [(ShutdownReceived, "EmptyData")] = Closed,
    };

    private static readonly string[] Packets =
    [
        "Data", "DataOfTheOtherKind", "EmptyData", "Init", "InitAck", "Sack", "Heartbeat", "HeartbeatAck", "Abort", "Shutdown", "ShutdownAck", "Error", "StaleCookie",
        "CookieEcho", "RestartedCookieEcho", "CookieAck", "ShutdownComplete", "ReConfig", "ForwardTsn", "Pad", "Unknown",
    ];

    public static TheoryData<string, string, string> Table
    {
        get
        {
            var table = new TheoryData<string, string, string>();
            foreach (string state in States)
            {
                foreach (string packet in Packets)
                {
                    table.Add(state, packet, Changes.GetValueOrDefault((state, packet), state));
                }
            }

            return table;
        }
    }

    [Fact]
    public void Every_chunk_type_is_in_the_table() => Assert.Empty(Enum.GetNames<ChunkType>().Except(["IData", "IForwardTsn"]).Except(Packets)); // those two are Data and ForwardTsn where interleaving is agreed

    [Theory]
    [MemberData(nameof(Table))]
    public void A_state_and_a_packet_give_the_state_that_the_RFC_says(string state, string packet, string expected)
    {
        foreach (bool isInterleaved in (ReadOnlySpan<bool>)[true, false])
        {
            SctpTarget target = Create(state, isInterleaved);
            target.Deliver(CreatePacket(target, packet, isInterleaved));
            target.PollA();
            Assert.True(expected == target.A.State.ToString(), $"{state} became {target.A.State}; {target.Log}");
        }
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void A_state_and_a_broken_packet_give_the_same_state_or_the_end(string state, string packet, string expected)
    {
        const int breakages = 8;
        for (int breakage = 0; breakage < breakages; breakage++)
        {
            SctpTarget target = Create(state, isInterleaved: true);
            byte[] bytes = Break(CreatePacket(target, packet, isInterleaved: true), breakage);
            SctpChunks.Repair(bytes, packet == "Init" ? 0 : target.TagOfA);
            target.Deliver(bytes);
            target.PollA();
            string[] allowed = [state, Closed, expected];
            Assert.True(allowed.Contains(target.A.State.ToString()), $"{state} became {target.A.State}; {target.Log}");
        }
    }

    private static SctpTarget Create(string state, bool isInterleaved) => SctpTarget.InState(
        Enum.Parse<SctpState>(state), new SctpOptions { EnableInterleaving = isInterleaved, EnableZeroChecksum = false }, 1, new PacketLog($"{state}, interleaved {isInterleaved}"));

    // Too short, too long, without length, one off, nothing, or twice.
    private static byte[] Break(byte[] packet, int breakage)
    {
        byte[] bytes = [.. packet];
        const int lengthAt = SctpPacket.HeaderLength + 3;
        switch (breakage)
        {
            case 0:
                return bytes[..(SctpPacket.HeaderLength + TlvReader.HeaderLength)];
            case 1:
                bytes[lengthAt] = 0;
                return bytes;
            case 2:
                bytes[lengthAt]++;
                return bytes;
            case 3:
                bytes[lengthAt]--;
                return bytes;
            case 4:
                bytes[lengthAt - 1] = 0xFF;
                return bytes;
            case 5:
                (bytes[lengthAt - 1], bytes[lengthAt]) = (0, TlvReader.HeaderLength);
                return bytes;
            case 6:
                return [.. bytes, .. bytes[SctpPacket.HeaderLength..]];
            default:
                bytes.AsSpan(SctpPacket.HeaderLength + TlvReader.HeaderLength).Fill(0xFF);
                return bytes;
        }
    }

    private static byte[] CreatePacket(SctpTarget target, string packet, bool isInterleaved)
    {
        const byte whole = DataChunk.BeginFlag | DataChunk.EndFlag;
        uint tsn = target.InitialTsnOfZ + 2; // Z has acknowledged two channels
        return packet switch
        {
            "Data" => Packet(target, SctpChunks.Data(isInterleaved, whole, tsn, 2, 1, 0, 51, [1])),
            "DataOfTheOtherKind" => Packet(target, SctpChunks.Data(!isInterleaved, whole, tsn, 2, 1, 0, 51, [1])),
            "EmptyData" => Packet(target, SctpChunks.Data(isInterleaved, whole, tsn, 2, 1, 0, 51, [])),
            "Init" => SctpChunks.Join(0, Init(ChunkType.Init)),
            "InitAck" => Packet(target, Init(ChunkType.InitAck)),
            "Sack" => Packet(target, SctpChunks.Chunk(ChunkType.Sack, 0, SctpChunks.Words(target.InitialTsnOfA + 2, 100_000, 0))),
            "Heartbeat" => Packet(target, SctpChunks.Chunk(ChunkType.Heartbeat, 0, SctpChunks.Words(0x0001_0008, 7))),
            "HeartbeatAck" => Packet(target, SctpChunks.Chunk(ChunkType.HeartbeatAck, 0, SctpChunks.Words(0x0001_0008, 7))),
            "Abort" => Packet(target, SctpChunks.Chunk(ChunkType.Abort, 0, SctpChunks.Words(0x000C_0008, 0x4142_4344))),
            "Shutdown" => Packet(target, SctpChunks.Chunk(ChunkType.Shutdown, 0, SctpChunks.Words(target.InitialTsnOfA + 1))),
            "ShutdownAck" => Packet(target, SctpChunks.Chunk(ChunkType.ShutdownAck, 0)),
            "Error" => Packet(target, SctpChunks.Chunk(ChunkType.Error, 0, SctpChunks.Words(0x0001_0008, 7))),
            "StaleCookie" => Packet(target, SctpChunks.Chunk(ChunkType.Error, 0, SctpChunks.Words(0x0003_0008, 7))),
            "CookieEcho" => target.CookieEchoOfZ,
            "RestartedCookieEcho" => RestartedCookieEcho(target),
            "CookieAck" => Packet(target, SctpChunks.Chunk(ChunkType.CookieAck, 0)),
            "ShutdownComplete" => Packet(target, SctpChunks.Chunk(ChunkType.ShutdownComplete, 0)),
            "Pad" => Packet(target, SctpChunks.Chunk(ChunkType.Pad, 0, 0, 0, 0, 0)),
            "ReConfig" => Packet(target, SctpChunks.Chunk(ChunkType.ReConfig, 0, SctpChunks.Chunk(0, (byte)ParameterType.OutgoingSsnResetRequest, SctpChunks.Words(target.InitialTsnOfZ, 0, tsn - 1)))),
            "ForwardTsn" => Packet(target, SctpChunks.Chunk(isInterleaved ? ChunkType.IForwardTsn : ChunkType.ForwardTsn, 0, SctpChunks.Words(tsn + 1))),
            _ => Packet(target, SctpChunks.Chunk((ChunkType)0xFF, 0, 1, 2, 3)),
        };
    }

    private static byte[] Packet(SctpTarget target, byte[] chunk) => SctpChunks.Join(target.TagOfA, chunk);

    private static byte[] Init(ChunkType type)
    {
        byte[] cookie = type == ChunkType.InitAck ? SctpChunks.Chunk(0, (byte)ParameterType.StateCookie, 1, 2, 3, 4) : [];
        return SctpChunks.Chunk(type, 0, [.. SctpChunks.Words(77, 100_000, 0xFFFF_FFFF, 99), .. cookie]);
    }

    // Another association begins at Z's end: INIT, and the echo of the cookie in A's answer. Where A answers otherwise there is none.
    private static byte[] RestartedCookieEcho(SctpTarget target)
    {
        var restarted = new SctpAssociation(target.Options, new SeededEntropy(99));
        restarted.Connect(target.Now);
        var buffer = new byte[2000];
        Assert.True(restarted.TryPollPacket(target.Now, buffer, out int length));
        target.Deliver(buffer[..length]);
        foreach (byte[] answer in target.PollA())
        {
            restarted.HandlePacket(target.Now, answer);
        }

        return restarted.TryPollPacket(target.Now, buffer, out length) ? buffer[..length] : SctpChunks.Join(target.TagOfA, SctpChunks.Chunk((ChunkType)0xFF, 0));
    }
}
