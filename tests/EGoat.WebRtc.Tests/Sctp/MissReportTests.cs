using EGoat.Testing;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;
using Xunit.Abstractions;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>Peers that find losses by counting SACKs (RFC 9260 section 7.2.4) need one for each packet while there are gaps (section 6.2).</summary>
public sealed class MissReportTests(ITestOutputHelper output)
{
    private const int Seeds = 8;

    /// <summary>Packets that go each way in a run: enough for chance to matter little.</summary>
    private static readonly int Packets = LongRun.Choose(30_000, 300_000);

    [Theory]
    [InlineData(0.003, 20)]
    [InlineData(0.003, 100)]
    [InlineData(0.01, 20)]
    [InlineData(0.01, 100)]
    [InlineData(0.03, 20)]
    [InlineData(0.03, 100)]
    public void A_sender_without_RACK_is_as_fast_as_with_a_receiver_that_acknowledges_every_packet(double loss, int roundTripMilliseconds)
    {
        var conditions = new NetworkConditions { Latency = TimeSpan.FromMilliseconds(roundTripMilliseconds / 2.0), Loss = loss };
        double batched = 0;
        double single = 0;
        for (int seed = 1; seed <= Seeds; seed++)
        {
            batched += Run(seed, conditions, acknowledgesEveryPacket: false, out int batchedTimeouts);
            single += Run(seed, conditions, acknowledgesEveryPacket: true, out int singleTimeouts);
            output.WriteLine($"seed {seed}: {batchedTimeouts} timeouts, acknowledging every packet {singleTimeouts}");
        }

        output.WriteLine($"{batched / Seeds / (1 << 20):F3} MiB/s, acknowledging every packet {single / Seeds / (1 << 20):F3} MiB/s: {batched / single:F3}");
        Assert.True(batched >= 0.95 * single, $"{batched / single:F3} of the rate with a receiver that acknowledges every packet");
    }

    [Fact]
    public void While_there_are_gaps_each_packet_of_a_batch_gets_its_own_SACK()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        network.Run(TimeSpan.FromSeconds(1));
        uint lost = 0;
        tap.Lose = c => c.IsData && c.Tsn == lost;
        A.Association.Send(network.Now, 0, 53, new byte[10]);
        network.Run(TimeSpan.FromSeconds(1));
        lost = tap.Data().Last().Tsn + 1;
        int before = tap.Count(false, ChunkType.Sack);
        A.Association.Send(network.Now, 0, 53, new byte[8000]);
        network.Run(TimeSpan.FromMilliseconds(1.5));
        int packets = tap.Data().Count(c => c.Tsn > lost);
        Assert.InRange(packets, 5, 8);
        Assert.Equal(packets, tap.Count(false, ChunkType.Sack) - before);

        // Each tells of one packet more, so that the lost one is reported missing as often.
        int[] ends = [.. tap.Sent.Where(c => c is { IsFromA: false, Type: ChunkType.Sack }).TakeLast(packets).Select(LastGapEnd)];
        Assert.Equal(Enumerable.Range(2, packets), ends);
        tap.Lose = null;
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(0, A.Association.FlightSize);
        Assert.Equal(SctpState.Established, Z.Association.State);
    }

    private static int LastGapEnd(SentChunk chunk)
    {
        Assert.True(SackChunk.TryParse(chunk.Value, out SackChunk sack));
        return sack.GetGapBlock(sack.GapBlockCount - 1).End;
    }

    // Bytes a second that the receiver has got.
    private static double Run(int seed, NetworkConditions conditions, bool acknowledgesEveryPacket, out int timeouts)
    {
        var network = new SimulatedNetwork(seed, conditions);
        TransportAddress a = Parse("192.0.2.1"), z = Parse("192.0.2.2");
        var sender = new MissReportSender(network, a, z, wantsImmediateSacks: acknowledgesEveryPacket);
        var receiver = new Receiver(z, a, acknowledgesEveryPacket);
        network.Attach(receiver, z);
        Assert.True(network.Run(() => network.Count.Sent >= 2 * Packets, TimeSpan.FromHours(2)), network.Describe());
        timeouts = sender.Timeouts;
        return receiver.Delivered / network.Now.TotalSeconds;
    }

    private static TransportAddress Parse(string address)
    {
        Assert.True(TransportAddress.TryParse(address, 5000, out TransportAddress parsed));
        return parsed;
    }

    /// <summary>Handles what has come in batches, as sockets do, or answers each packet before it looks at the next.</summary>
    private sealed class Receiver(TransportAddress local, TransportAddress remote, bool acknowledgesEveryPacket) : ISimulatedNode
    {
        private readonly SctpAssociation _association = new(new SctpOptions(), new SeededEntropy(1));
        private readonly Queue<byte[]> _answers = new();
        private readonly byte[] _buffer = new byte[2048];

        public long Delivered { get; private set; }

        public TimeSpan? NextTimeout => _association.NextTimeout;

        public void HandleDatagram(TimeSpan now, TransportAddress to, TransportAddress from, Span<byte> datagram)
        {
            _association.HandlePacket(now, datagram);
            while (_association.TryPollEvent(out _))
            {
                // Connected, which comes before the first message.
            }

            while (_association.TryReceive(out SctpMessage message))
            {
                Delivered += message.Length;
                _association.Release(message.Length);
                message.Return();
            }

            while (acknowledgesEveryPacket && _association.TryPollPacket(now, _buffer, out int length))
            {
                _answers.Enqueue(_buffer[..length]);
            }
        }

        public void HandleTimeout(TimeSpan now) => _association.HandleTimeout(now);

        public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
        {
            int length;
            bool isPolled = _answers.TryDequeue(out byte[]? answer);
            if (isPolled)
            {
                answer!.CopyTo(buffer);
                length = answer!.Length;
            }
            else
            {
                isPolled = _association.TryPollPacket(now, buffer, out length);
            }

            transmit = new Transmit(local, remote, length, length);
            return isPolled;
        }
    }
}
