using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Rx;
using FsCheck.Fluent;

namespace EGoat.WebRtc.FuzzTests.Queues;

/// <summary>The queue against a model that looks at everything that has come, each time anew.</summary>
public sealed class ReassemblyQueueTests
{
    private const long InitialTsn = 1000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Fragments_in_any_order_give_each_message_once_and_streams_in_order(bool isInterleaved) =>
        FuzzRun.Check(Gen.Choose(0, int.MaxValue - 1), _ => [], seed => Run(new Random(seed), isInterleaved, withSkips: false), 600);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_given_up_is_skipped_and_leaves_nothing_behind(bool isInterleaved) =>
        FuzzRun.Check(Gen.Choose(0, int.MaxValue - 1), _ => [], seed => Run(new Random(seed), isInterleaved, withSkips: true), 1000);

    [Fact]
    public void Two_beginnings_of_one_message_cost_nothing_for_ever()
    {
        var queue = new ReassemblyQueue(1000);
        var message = new PlannedMessage(1, 0, false, 0, InitialTsn, [[1], [2]]);
        for (int i = 0; i < 10; i++)
        {
            Assert.Null(Add(queue, message.Chunk(0, true), InitialTsn + i));
        }

        queue.Skip(InitialTsn - 1, [new SkippedStream(0, false, 0, true)]);
        Assert.Equal(0, queue.BufferedBytes);
    }

    [Fact]
    public void The_end_of_a_message_whose_middle_was_given_up_costs_nothing_for_ever()
    {
        var queue = new ReassemblyQueue(1000);
        var message = new PlannedMessage(1, 0, true, 0, InitialTsn, [[1], [2], [3], [4]]);
        foreach (int fragment in (ReadOnlySpan<int>)[0, 2, 3])
        {
            Assert.Null(Add(queue, message.Chunk(fragment, false), InitialTsn + fragment));
        }

        queue.Skip(InitialTsn + 1, []);
        Assert.Equal(0, queue.BufferedBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_fragment_that_comes_after_its_interleaved_message_was_skipped_costs_nothing(bool isUnordered)
    {
        var queue = new ReassemblyQueue(1000);
        var message = new PlannedMessage(1, 0, isUnordered, 0, InitialTsn, [[1], [2], [3]]);
        queue.Skip(InitialTsn - 1, [new SkippedStream(0, isUnordered, 0, true)]);
        Assert.Null(Add(queue, message.Chunk(0, true), InitialTsn));
        Assert.Null(Add(queue, message.Chunk(2, true), InitialTsn + 2));
        Assert.Equal(0, queue.BufferedBytes);
    }

    [Fact]
    public void A_reset_stream_leaves_nothing_behind()
    {
        foreach (ushort[] streams in (ReadOnlySpan<ushort[]>)[[0], []])
        {
            var queue = new ReassemblyQueue(1000);
            var message = new PlannedMessage(1, 0, false, 1, InitialTsn, [[1]]);
            Assert.Null(Add(queue, message.Chunk(0, false), InitialTsn));
            queue.ResetStreams(streams);
            Assert.Equal(0, queue.BufferedBytes);
        }
    }

    private static void Run(Random random, bool isInterleaved, bool withSkips)
    {
        List<PlannedMessage> plan = PlannedMessage.Plan(random, InitialTsn, isInterleaved);
        (PlannedMessage Message, int Fragment)[] order = [.. plan.SelectMany(m => m.Fragments.Select((_, i) => (m, i)))];
        random.Shuffle(order);
        var queue = new ReassemblyQueue(1000);
        var model = new HashSet<long>();
        var givenUp = new HashSet<PlannedMessage>();
        var taken = new List<PlannedMessage>();
        long skippedTo = InitialTsn - 1;
        foreach ((PlannedMessage message, int fragment) in order)
        {
            long tsn = message.FirstTsn + fragment;
            if (tsn <= skippedTo)
            {
                continue; // what was skipped counts as received
            }

            Assert.Null(Add(queue, message.Chunk(fragment, isInterleaved), tsn));
            model.Add(tsn);
            if (withSkips && random.Next(8) == 0)
            {
                skippedTo = Math.Max(skippedTo, plan[random.Next(plan.Count)].LastTsn);
                Skip(queue, plan, model, givenUp, skippedTo, isInterleaved);
            }

            TakeAll(queue, plan, taken);
            Assert.Equal(Deliverable(plan, model, givenUp).Order(), taken.Select(m => m.Id).Order());
            Assert.Equal(BufferedBytes(plan, model, givenUp, taken), queue.BufferedBytes);
        }

        Assert.Equal(plan.Count - givenUp.Count, taken.Count);
        Assert.Equal(0, queue.BufferedBytes);
        foreach (IGrouping<ushort, PlannedMessage> stream in taken.Where(m => !m.IsUnordered).GroupBy(m => m.StreamId))
        {
            Assert.Equal(stream.Select(m => m.Number).Order(), stream.Select(m => m.Number));
        }
    }

    // As FORWARD-TSN or I-FORWARD-TSN says it: a TSN, and what is skipped on each stream.
    private static void Skip(ReassemblyQueue queue, List<PlannedMessage> plan, HashSet<long> model, HashSet<PlannedMessage> givenUp, long tsn, bool isInterleaved)
    {
        PlannedMessage[] lost = [.. plan.Where(m => m.LastTsn <= tsn && !IsComplete(m, model) && !givenUp.Contains(m))];
        givenUp.UnionWith(lost);
        queue.Skip(
            tsn,
            [.. lost.Where(m => isInterleaved || !m.IsUnordered).GroupBy(m => (m.StreamId, m.IsUnordered)).Select(s => new SkippedStream(s.Key.StreamId, s.Key.IsUnordered, s.Max(m => m.Number), isInterleaved))]);
    }

    private static bool IsComplete(PlannedMessage message, HashSet<long> model) => Enumerable.Range(0, message.Fragments.Length).All(i => model.Contains(message.FirstTsn + i));

    // Whole messages; of ordered ones those before which nothing is missing that may still come.
    private static IEnumerable<int> Deliverable(List<PlannedMessage> plan, HashSet<long> model, HashSet<PlannedMessage> givenUp) => plan
        .Where(m => IsComplete(m, model) && (m.IsUnordered || plan.TrueForAll(o => o.IsUnordered || o.StreamId != m.StreamId || o.Number >= m.Number || IsComplete(o, model) || givenUp.Contains(o))))
        .Select(m => m.Id);

    // Fragments joined to their message's first, or to none, cost an overhead.
    private static long BufferedBytes(List<PlannedMessage> plan, HashSet<long> model, HashSet<PlannedMessage> givenUp, List<PlannedMessage> taken)
    {
        long bytes = 0;
        foreach (PlannedMessage message in plan.Except(taken).Except(givenUp))
        {
            bool isJoined = true;
            for (int i = 0; i < message.Fragments.Length; i++)
            {
                bool hasCome = model.Contains(message.FirstTsn + i);
                isJoined &= hasCome;
                bytes += hasCome ? message.Fragments[i].Length + (isJoined && i > 0 ? 0 : ReassemblyQueue.Overhead) : 0;
            }
        }

        return bytes;
    }

    private static void TakeAll(ReassemblyQueue queue, List<PlannedMessage> plan, List<PlannedMessage> taken)
    {
        while (queue.TryTake(out SctpMessage message))
        {
            PlannedMessage planned = plan.Single(m => m.Id == (int)message.PayloadProtocolId);
            Assert.Equal(planned.Payload, message.Payload);
            Assert.Equal(planned.StreamId, message.StreamId);
            Assert.DoesNotContain(planned, taken);
            taken.Add(planned);
            queue.Release(message.Length);
            message.Return();
        }
    }

    private static string? Add(ReassemblyQueue queue, byte[] bytes, long tsn)
    {
        var reader = new TlvReader(bytes);
        reader.TryReadChunk(out ChunkType type, out byte flags, out ReadOnlySpan<byte> value);
        Assert.True(DataChunk.TryParse(type, flags, value, out DataChunk chunk));
        return queue.Add(chunk, tsn);
    }
}
