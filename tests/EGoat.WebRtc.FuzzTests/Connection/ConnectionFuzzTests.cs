using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.FuzzTests.Connection;

public sealed class ConnectionFuzzTests
{
    private const int PacketsPerEpisode = 60;

    /// <summary>What may be sent at once to an address that has proved nothing, for each byte that came from it with valid integrity (the rule of RFC 9000 section 8.1).</summary>
    private const int MaxAmplification = 3;

    [Fact]
    public void Almost_valid_STUN_never_throws_and_is_not_amplified()
    {
        int packets = FuzzRun.Packets(PacketShare.Ice);
        for (int episode = 0; packets > 0; episode++)
        {
            packets -= RunEpisode(episode, 200, FeedStun);
        }
    }

    [Fact]
    public void Almost_valid_packets_inside_and_outside_of_DTLS_never_throw()
    {
        int packets = FuzzRun.Packets(PacketShare.Connections);
        for (int episode = 0; packets > 0; episode++)
        {
            packets -= RunEpisode(episode, 300, FeedRecord);
        }
    }

    /// <summary>Everything that is sent to nobody in particular: garbage, requests without integrity, DTLS.</summary>
    [Fact]
    public void A_stranger_gets_no_answer()
    {
        var log = new PacketLog(nameof(A_stranger_gets_no_answer));
        using var pair = new ConnectionPair(4711, log); // not the one whose checks the corpus has
        for (int i = 0; i < 30; i++)
        {
            pair.Step(deliver: true);
        }

        Assert.Equal(PeerConnectionState.Connected, pair.A.State);
        Random random = FuzzRun.Randomness(0, 400);
        IReadOnlyList<byte[]> known = [.. pair.DtlsOfZ, .. CorpusFiles.Read("dtls"), .. CorpusFiles.Read("stun"), .. CorpusFiles.Read("sctp")];
        var mutator = new Mutator(random, known);
        for (int i = 0; i < 3000; i++)
        {
            byte[] datagram = random.Next(3) == 0 ? [.. known[random.Next(known.Count)]] : mutator.Mutate(known[random.Next(known.Count)]);
            pair.Deliver(ConnectionPair.Stranger, datagram);
            if (pair.PollA().Exists(t => t.To == ConnectionPair.Stranger))
            {
                throw log.Failure("A stranger got an answer");
            }
        }

        Assert.Equal(PeerConnectionState.Connected, pair.A.State);
    }

    private static int RunEpisode(int episode, int test, Action<ConnectionPair, Random, Mutator> feed)
    {
        Random random = FuzzRun.Randomness(episode, test);
        using var pair = new ConnectionPair(random.Next(1_000_000), new PacketLog($"connection, test {test}, episode {episode}"));
        var mutator = new Mutator(random, [.. CorpusFiles.Read("stun"), .. CorpusFiles.Read("dtls"), .. CorpusFiles.Read("sctp")]);
        for (int honest = random.Next(4) == 0 ? random.Next(8) : 30; honest > 0; honest--)
        {
            pair.Step(deliver: true);
        }

        int fed = 0;
        while (fed < PacketsPerEpisode && pair.A.State is not (PeerConnectionState.Failed or PeerConnectionState.Closed))
        {
            feed(pair, random, mutator);
            fed++;
            if (random.Next(8) == 0)
            {
                pair.Step(deliver: random.Next(2) == 0);
            }
        }

        return fed + 1;
    }

    private static void FeedStun(ConnectionPair pair, Random random, Mutator mutator)
    {
        IReadOnlyList<byte[]> source = pair.StunOfZ.Count > 0 ? pair.StunOfZ : CorpusFiles.Read("stun");
        byte[] message = source[random.Next(source.Count)];
        bool isSealed = random.Next(4) != 0;
        byte[] datagram = mutator.Mutate(isSealed ? message.AsSpan(0, message.Length - StunRepair.TrailerLength) : message);
        if (isSealed)
        {
            bool isRequest = datagram.Length < 2 || (datagram[0] & 1) == 0;
            datagram = StunRepair.Seal(datagram, isRequest ? pair.PasswordOfA : pair.PasswordOfZ);
        }

        bool fromStranger = random.Next(2) == 0;
        pair.PollA();
        pair.Deliver(fromStranger ? ConnectionPair.Stranger : ConnectionPair.AddressOfZ, datagram);
        bool isValid = StunMessage.TryParse(datagram, out StunMessage parsed) && parsed.VerifyIntegrity(pair.PasswordOfA);
        int answered = pair.PollA().Where(t => t.To == ConnectionPair.Stranger).Sum(t => t.Datagram.Length);
        if (fromStranger && answered > (isValid ? MaxAmplification * datagram.Length : 0) && !pair.A.IsValidatedRemote(ConnectionPair.Stranger))
        {
            throw pair.Log.Failure($"{answered} bytes answer {datagram.Length}");
        }
    }

    private static void FeedRecord(ConnectionPair pair, Random random, Mutator mutator)
    {
        byte[] datagram;
        if (pair.CanSeal && random.Next(3) != 0)
        {
            IReadOnlyList<byte[]> corpus = CorpusFiles.Read("sctp");
            byte[] packet = corpus[random.Next(corpus.Count)];
            packet = random.Next(4) == 0 ? [.. packet] : mutator.Mutate(packet);
            bool isInit = packet.Length > SctpPacket.HeaderLength && packet[SctpPacket.HeaderLength] == (byte)ChunkType.Init;
            SctpChunks.Repair(packet, isInit ? 0 : pair.TagOfA);
            datagram = pair.Seal(packet);
        }
        else
        {
            IReadOnlyList<byte[]> source = pair.DtlsOfZ.Count > 0 ? pair.DtlsOfZ : CorpusFiles.Read("dtls");
            datagram = mutator.Mutate(source[random.Next(source.Count)]);
        }

        pair.Deliver(random.Next(8) == 0 ? ConnectionPair.Stranger : ConnectionPair.AddressOfZ, datagram);
        pair.PollA();
    }
}
