using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Rx;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>Flow control and what SACKs tell (RFC 9260 sections 6.1 and 6.2), and numbers that wrap.</summary>
public sealed class SctpWindowTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly SctpOptions SmallWindow = new() { MaxMessageSize = 10_000, ReceiveWindow = 20_000 };

    [Fact]
    public void A_closed_window_is_probed_with_one_chunk_at_a_time_for_as_long_as_it_takes()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(SmallWindow);
        DataChannel a = Open(network, A, Z);
        Fill(network, a);
        network.Run(TimeSpan.FromSeconds(10));
        tap.Sent.Clear();
        network.Run(TimeSpan.FromMinutes(10));
        Assert.InRange(tap.Data().Count(), 100, 400);
        Assert.InRange(A.Association.FlightSize, 1, 1160);
        Assert.True(SctpPeer.AreEstablished(A, Z));
        AssertAllArrive(network, Z);
    }

    [Fact]
    public void A_lost_window_update_is_made_up_for_by_a_probe()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(SmallWindow);
        DataChannel a = Open(network, A, Z);
        Fill(network, a);
        network.Run(TimeSpan.FromSeconds(10));
        bool isLost = false;
        tap.Lose = c => c is { Type: ChunkType.Sack, IsFromA: false } && !isLost && (isLost = Window(c) > 5000);
        AssertAllArrive(network, Z);
        Assert.True(isLost);
    }

    [Fact]
    public void A_reader_that_goes_on_tells_the_sender_at_once()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(SmallWindow);
        DataChannel a = Open(network, A, Z);
        Fill(network, a);
        network.Run(TimeSpan.FromMilliseconds(200)); // the window is closed, and the next probe a T3 away
        int before = tap.Sent.Count;
        TimeSpan now = network.Now;
        while (Z.Incoming[0].TryReceive(out DataChannelMessage message))
        {
            message.Return();
        }

        network.Run(TimeSpan.FromMilliseconds(1));
        SentChunk update = tap.Sent[before];
        Assert.True(update is { Type: ChunkType.Sack, IsFromA: false } && update.At == now && Window(update) > 10_000, network.Describe());
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, TimeSpan.FromMilliseconds(50)), network.Describe());
    }

    [Fact]
    public void Gap_blocks_tell_what_has_arrived_and_duplicates_what_came_twice()
    {
        var received = new ReceivedTsns(10);
        foreach (long tsn in (long[])[10, 11, 12, 14, 15, 17])
        {
            received.Add(tsn);
        }

        received.AddDuplicate(14);

        // The example of RFC 9260 section 3.3.4.
        Assert.Equal(PacketTap.Words(12, 4660, (2 << 16) | 1, (2 << 16) | 3, (5 << 16) | 5, 14), Sack(received));
        Assert.Equal(PacketTap.Words(12, 4660, 2 << 16, (2 << 16) | 3, (5 << 16) | 5), Sack(received));
    }

    [Theory]
    [InlineData(11, 12)]
    [InlineData(12, 12)]
    [InlineData(13, 15)]
    [InlineData(14, 15)]
    [InlineData(15, 15)]
    [InlineData(16, 17)]
    [InlineData(30, 30)]
    public void Skipping_joins_the_ranges_that_follow(long skipTo, long expected)
    {
        var received = new ReceivedTsns(10);
        foreach (long tsn in (long[])[12, 10, 11, 14, 15, 17])
        {
            received.Add(tsn);
        }

        received.SkipTo(skipTo);
        Assert.Equal(expected, received.CumulativeTsn);
        Assert.Equal(expected < 17, received.HasGaps);
    }

    [Fact]
    public void Chunks_that_come_twice_are_reported_and_delivered_once()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        network.Conditions = NetworkConditions.Perfect with { Duplication = 1 };
        for (int i = 0; i < 50; i++)
        {
            a.Send(network.Now, SctpTransferTests.Number(i), false);
            network.Run(TimeSpan.FromMilliseconds(5));
        }

        Assert.Equal(50, SctpTransferTests.Receive(network, Z.Incoming[0], 0));
        Assert.Contains(tap.Sent, c => c is { Type: ChunkType.Sack, IsFromA: false } && BinaryPrimitives.ReadUInt16BigEndian(c.Value.AsSpan(10)) > 0);
    }

    [Fact]
    public void Every_second_packet_is_acknowledged_at_once_and_a_single_one_a_little_later()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        tap.Sent.Clear();
        a.Send(network.Now, [1], false);
        network.Run(TimeSpan.FromMilliseconds(45));
        Assert.Equal(0, tap.Count(false, ChunkType.Sack));
        network.Run(TimeSpan.FromMilliseconds(10));
        Assert.Equal(1, tap.Count(false, ChunkType.Sack));
        a.Send(network.Now, new byte[2000], false);
        network.Run(TimeSpan.FromMilliseconds(5));
        Assert.Equal(2, tap.Count(false, ChunkType.Sack));
    }

    [Fact]
    public void A_chunk_that_comes_twice_is_acknowledged_at_once()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        Open(network, A, Z);
        SentChunk last = tap.Data().Last();
        tap.Sent.Clear();
        tap.Inject(Z, last.Type, last.Flags, last.Value); // the peer may have missed the SACK
        network.Run(TimeSpan.FromMilliseconds(1));
        SentChunk sack = Assert.Single(tap.Sent, c => c is { Type: ChunkType.Sack, IsFromA: false });
        Assert.Equal(PacketTap.Words(last.Tsn, Window(sack), 1, last.Tsn), sack.Value);
    }

    [Theory]
    [InlineData(DataChunk.ImmediateFlag, 1)]
    [InlineData(0, 0)]
    public void A_chunk_whose_sender_asks_for_it_is_acknowledged_at_once(byte flag, int acknowledgements)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        Open(network, A, Z);
        uint next = tap.Data().Max(d => d.Tsn) + 1;
        tap.Sent.Clear();
        tap.Inject(Z, ChunkType.IData, (byte)(DataChunk.BeginFlag | DataChunk.EndFlag | DataChunk.UnorderedFlag | flag), PacketTap.Words(next, 0, 0, PayloadProtocol.Binary, 42));
        network.Run(TimeSpan.FromMilliseconds(1));
        Assert.Equal(acknowledgements, tap.Count(false, ChunkType.Sack));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Message_numbers_wrap_without_notice_and_skips_across_the_wrap_work(bool isInterleaved)
    {
        var queue = new ReassemblyQueue(1000);
        uint last = isInterleaved ? uint.MaxValue : ushort.MaxValue;
        queue.Skip(0, [new SkippedStream(1, false, last / 2, isInterleaved)]);
        queue.Skip(0, [new SkippedStream(1, false, last - 2, isInterleaved)]);
        long tsn = 1;
        foreach (uint number in (uint[])[1, 0, last, last - 1])
        {
            Assert.Null(Add(queue, isInterleaved, tsn++, number));
        }

        Assert.Equal([last - 1, last, 0, 1], TakeNumbers(queue));
        Assert.Null(Add(queue, isInterleaved, tsn, 3));
        queue.Skip(0, [new SkippedStream(1, false, 2, isInterleaved)]);
        Assert.Equal([3u], TakeNumbers(queue));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_skip_that_names_an_older_message_than_the_last_one_takes_nothing_back(bool isInterleaved)
    {
        var queue = new ReassemblyQueue(1000);
        queue.Skip(5, [new SkippedStream(1, false, 5, isInterleaved)]);
        queue.Skip(6, [new SkippedStream(1, false, 3, isInterleaved)]);
        Assert.Null(Add(queue, isInterleaved, 7, 4));
        Assert.Null(Add(queue, isInterleaved, 8, 6));
        Assert.Equal([6u], TakeNumbers(queue));
    }

    [Fact]
    public void A_message_above_the_announced_size_breaks_the_association()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, z: SmallWindow);
        DataChannel a = Open(network, A, Z);
        a.Send(network.Now, new byte[10_000], false);
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, Limit));
        a.Send(network.Now, new byte[10_001], false);
        Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed, Limit));
        Assert.Contains("size", Z.Association.EndReason, StringComparison.Ordinal);
    }

    private static (SimulatedNetwork Network, SctpPeer A, SctpPeer Z, PacketTap Tap) Connect(SctpOptions? options = null)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, options, options);
        return (network, A, Z, tap);
    }

    private static DataChannel Open(SimulatedNetwork network, SctpPeer A, SctpPeer Z)
    {
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        return a;
    }

    private static void Fill(SimulatedNetwork network, DataChannel a)
    {
        for (int i = 0; i < 40; i++)
        {
            a.Send(network.Now, new byte[5000], false);
        }
    }

    private static void AssertAllArrive(SimulatedNetwork network, SctpPeer Z)
    {
        int received = 0;
        Assert.True(
            network.Run(
                () =>
                {
                    while (Z.Incoming[0].TryReceive(out DataChannelMessage message))
                    {
                        message.Return();
                        received++;
                    }

                    return received == 40;
                },
                TimeSpan.FromSeconds(30)),
            network.Describe());
    }

    private static uint Window(SentChunk sack) => BinaryPrimitives.ReadUInt32BigEndian(sack.Value.AsSpan(4));

    private static byte[] Sack(ReceivedTsns received)
    {
        var buffer = new byte[100];
        var writer = new PacketWriter(buffer, 0);
        received.WriteSack(ref writer, 4660);
        return buffer[TlvReader.HeaderLength..writer.Length];
    }

    // A whole message that says its number.
    private static string? Add(ReassemblyQueue queue, bool isInterleaved, long tsn, uint number)
    {
        var buffer = new byte[100];
        var writer = new PacketWriter(buffer, 0);
        DataChunk.Write(ref writer, isInterleaved, DataChunk.BeginFlag | DataChunk.EndFlag, (uint)tsn, 1, number, 0, 53, PacketTap.Words(number));
        var reader = new TlvReader(buffer.AsSpan(0, writer.Length));
        Assert.True(reader.TryReadChunk(out ChunkType type, out byte flags, out ReadOnlySpan<byte> value));
        Assert.True(DataChunk.TryParse(type, flags, value, out DataChunk chunk));
        return queue.Add(chunk, tsn);
    }

    private static List<uint> TakeNumbers(ReassemblyQueue queue)
    {
        var numbers = new List<uint>();
        while (queue.TryTake(out SctpMessage message))
        {
            numbers.Add(BinaryPrimitives.ReadUInt32BigEndian(message.Payload));
            message.Return();
        }

        return numbers;
    }
}
