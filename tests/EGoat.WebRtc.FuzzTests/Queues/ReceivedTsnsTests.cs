using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Rx;
using FsCheck;
using FsCheck.Fluent;

namespace EGoat.WebRtc.FuzzTests.Queues;

public sealed class ReceivedTsnsTests
{
    private const long InitialTsn = uint.MaxValue - 20L;

    /// <summary>What happens (0 to 5: a TSN comes, 6: TSNs are skipped, 7: a SACK of so many bytes is written), and how far beyond the cumulative TSN.</summary>
    private static readonly Gen<(int, int)[]> Commands = Gen.Choose(0, 7).Zip(Gen.Choose(0, 60)).ArrayOf();

    [Fact]
    public void Knows_what_a_set_of_numbers_knows() => FuzzRun.Check(Commands, FuzzRun.ShrinkArray, commands =>
    {
        var received = new ReceivedTsns(InitialTsn);
        var model = new HashSet<long>();
        long cumulative = InitialTsn - 1;
        foreach ((int command, int distance) in commands)
        {
            long tsn = cumulative + distance;
            Assert.Equal(tsn <= cumulative || model.Contains(tsn), received.Contains(tsn));
            if (command == 7)
            {
                CheckSack(received, model, cumulative, 20 + (4 * distance));
            }
            else if (command == 6)
            {
                received.SkipTo(tsn);
                model.UnionWith(Enumerable.Range(1, distance).Select(i => cumulative + i));
            }
            else if (received.Contains(tsn))
            {
                received.AddDuplicate(tsn);
            }
            else
            {
                Assert.True(received.CanAdd(tsn));
                received.Add(tsn);
                model.Add(tsn);
            }

            while (model.Remove(cumulative + 1))
            {
                cumulative++;
            }

            Assert.Equal(cumulative, received.CumulativeTsn);
            Assert.Equal(model.Count > 0, received.HasGaps);
            Assert.Equal(model.Append(cumulative).Max(), received.HighestTsn);
        }
    }, 3000);

    [Fact]
    public void Refuses_what_it_could_not_acknowledge()
    {
        var received = new ReceivedTsns(InitialTsn);
        Assert.False(received.CanAdd(InitialTsn + ushort.MaxValue));
        Assert.True(received.CanAdd(InitialTsn + ushort.MaxValue - 1));
        for (int i = 1; received.CanAdd(InitialTsn + (2 * i)); i++)
        {
            received.Add(InitialTsn + (2 * i));
            Assert.True(i <= 1024, "The number of gaps has no bound.");
        }

        Assert.True(received.CanAdd(InitialTsn));
    }

    private static void CheckSack(ReceivedTsns received, HashSet<long> model, long cumulative, int room)
    {
        var buffer = new byte[room];
        var writer = new PacketWriter(buffer, 0);
        received.WriteSack(ref writer, 1234);
        var chunks = new TlvReader(buffer.AsSpan(0, writer.Length));
        Assert.True(chunks.TryReadChunk(out ChunkType type, out _, out ReadOnlySpan<byte> value));
        Assert.Equal(ChunkType.Sack, type);
        Assert.True(SackChunk.TryParse(value, out SackChunk sack));
        Assert.Equal(((uint)cumulative, 1234u), (sack.CumulativeTsnAck, sack.AdvertisedReceiverWindow));
        var listed = new HashSet<long>();
        int previousEnd = 0;
        for (int i = 0; i < sack.GapBlockCount; i++)
        {
            (int start, int end) = sack.GetGapBlock(i);
            Assert.True(start > previousEnd + 1 && end >= start, "Gap blocks are ascending, and none touches another.");
            listed.UnionWith(Enumerable.Range(start, end - start + 1).Select(n => cumulative + n));
            previousEnd = end;
        }

        bool isCut = writer.Free < SackChunk.GapBlockLength;
        Assert.True(listed.IsSubsetOf(model) && (isCut || listed.SetEquals(model)), "The gap blocks are what has come.");
    }
}
