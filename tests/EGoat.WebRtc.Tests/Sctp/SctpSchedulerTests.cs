using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Tx;

namespace EGoat.WebRtc.Tests.Sctp;

public sealed class SctpSchedulerTests
{
    private const int FragmentLength = 1000;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(true, 1000)]
    [InlineData(true, 50_000)]
    [InlineData(false, 1000)]
    [InlineData(false, 50_000)]
    public void Streams_get_shares_in_proportion_to_their_priorities(bool isInterleaved, int messageLength)
    {
        var queue = new SendQueue { IsInterleaved = isInterleaved };
        ushort[] priorities = [128, 256, 512, 1024];
        for (ushort id = 0; id < 4; id++)
        {
            queue.SetPriority(id, priorities[id]);
            Fill(queue, id, messageLength, 4_000_000);
        }

        long[] taken = Take(queue, 3000);
        for (int i = 0; i < 4; i++)
        {
            double share = priorities[i] / 1920.0;
            Assert.InRange(taken[i], (3_000_000 * share) - messageLength, (3_000_000 * share) + messageLength);
        }
    }

    [Fact]
    public void Equals_take_turns()
    {
        var queue = new SendQueue { IsInterleaved = true };
        for (ushort id = 0; id < 3; id++)
        {
            Fill(queue, id, 5000, 5000);
        }

        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2], Enumerable.Range(0, 9).Select(_ => TakeOne(queue)));
    }

    [Fact]
    public void Without_interleaving_a_message_that_was_begun_is_finished_first()
    {
        var queue = new SendQueue();
        Fill(queue, 0, 3000, 6000);
        Assert.Equal(0, TakeOne(queue));
        queue.SetPriority(1, 1024);
        Fill(queue, 1, 3000, 3000);
        Assert.Equal([0, 0, 1, 1, 1, 0, 0, 0], Enumerable.Range(0, 8).Select(_ => TakeOne(queue)));
        Assert.True(queue.IsEmpty);
    }

    [Fact]
    public void Equals_with_messages_of_different_lengths_get_equal_shares()
    {
        var queue = new SendQueue();
        Fill(queue, 0, 100, 1_000_000);
        Fill(queue, 1, 10_000, 1_000_000);
        long[] taken = Take(queue, 5000);
        Assert.InRange(taken[0] - taken[1], -20_000, 20_000);
    }

    [Fact]
    public void A_stream_of_the_lowest_priority_is_not_starved_by_many_of_the_highest()
    {
        var queue = new SendQueue { IsInterleaved = true };
        queue.SetPriority(0, 128);
        Fill(queue, 0, FragmentLength, 100_000);
        for (ushort id = 1; id <= 20; id++)
        {
            queue.SetPriority(id, 1024);
            Fill(queue, id, FragmentLength, 1_000_000);
        }

        long[] taken = Take(queue, 161 * 20);
        Assert.InRange(taken[0], 19_000, 22_000);
    }

    [Fact]
    public void A_stream_that_was_idle_has_saved_nothing_up()
    {
        var queue = new SendQueue { IsInterleaved = true };
        Fill(queue, 0, FragmentLength, 2_000_000);
        Take(queue, 1000);
        Fill(queue, 1, FragmentLength, 2_000_000);
        long[] taken = Take(queue, 100);
        Assert.InRange(taken[0], 49_000, 51_000);
        Assert.InRange(taken[1], 49_000, 51_000);
    }

    [Fact]
    public void A_message_of_high_priority_interrupts_a_long_one_of_low_priority()
    {
        var network = new SimulatedNetwork(1, NetworkConditions.Perfect with { RateBytesPerSecond = 100_000 });
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel low = A.Channels.Create(network.Now, "low", new() { Priority = DataChannelPriority.VeryLow });
        DataChannel high = A.Channels.Create(network.Now, "high", new() { Priority = DataChannelPriority.High });
        Assert.True(network.Run(() => Z.Incoming.Count == 2, Limit));
        low.Send(network.Now, new byte[250_000], false);
        network.Run(TimeSpan.FromSeconds(0.5));
        high.Send(network.Now, new byte[20_000], false);
        DataChannel first = Z.Incoming[0];
        DataChannel second = Z.Incoming[1];
        Assert.True(network.Run(() => second.HasMessage, Limit));
        Assert.False(first.HasMessage);
        Assert.InRange(low.BufferedAmount, 1, 250_000);
        Assert.True(network.Run(() => first.HasMessage, Limit));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Channels_on_a_narrow_path_deliver_in_proportion_to_their_priorities(bool isInterleaved)
    {
        var network = new SimulatedNetwork(1, NetworkConditions.Perfect with { RateBytesPerSecond = 500_000 });
        var options = new SctpOptions { EnableInterleaving = isInterleaved };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, options, options);
        DataChannelPriority[] priorities = [DataChannelPriority.VeryLow, DataChannelPriority.Low, DataChannelPriority.Medium, DataChannelPriority.High];
        DataChannel[] channels = [.. priorities.Select(p => A.Channels.Create(network.Now, $"{p}", new() { Priority = p }))];
        Assert.True(network.Run(() => Z.Incoming.Count == 4, Limit));
        Assert.Equal(priorities, Z.Incoming.Select(c => c.Options.Priority));
        foreach (DataChannel channel in channels)
        {
            for (int i = 0; i < 500; i++)
            {
                channel.Send(network.Now, new byte[5000], false);
            }
        }

        network.Run(TimeSpan.FromSeconds(4));
        double sent = channels.Sum(c => 2_500_000 - c.BufferedAmount);
        for (int i = 0; i < 4; i++)
        {
            Assert.InRange((2_500_000 - channels[i].BufferedAmount) / sent, ((int)priorities[i] / 1920.0) - 0.01, ((int)priorities[i] / 1920.0) + 0.01);
        }
    }

    private static void Fill(SendQueue queue, ushort id, int messageLength, int total)
    {
        for (int i = 0; i < total / messageLength; i++)
        {
            queue.Enqueue(id, 53, new byte[messageLength], false, null, null);
        }
    }

    private static ushort TakeOne(SendQueue queue)
    {
        OutboundMessage message = queue.Peek()!;
        queue.Advance(message, Math.Min(FragmentLength, message.Length - message.Sent));
        return message.StreamId;
    }

    // Bytes by stream.
    private static long[] Take(SendQueue queue, int fragments)
    {
        var taken = new long[32];
        for (int i = 0; i < fragments; i++)
        {
            OutboundMessage message = queue.Peek()!;
            int length = Math.Min(FragmentLength, message.Length - message.Sent);
            queue.Advance(message, length);
            taken[message.StreamId] += length;
        }

        return taken;
    }
}
