using EGoat.Testing;
using EGoat.WebRtc.Sctp;
using Xunit.Abstractions;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>A path of 1 Gbit/s (a tenth of that in the normal run), 50 ms, whose drop-tail queue holds one bandwidth-delay product.</summary>
public sealed class CongestionTests(ITestOutputHelper output)
{
    private static readonly double Rate = LongRun.Choose(12.5e6, 125e6);
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(20);

    /// <summary>"After start-up": when slow start has ended whatever it ran into.</summary>
    private static readonly TimeSpan StartUp = TimeSpan.FromSeconds(2);

    private static readonly SctpOptions Options = new() { ReceiveWindow = 64 * 1024 * 1024 };

    /// <summary>What is left to a flow beside a plain one that has taken the path: a queue of twice the root of its window, which is less of a longer path.</summary>
    private static readonly double LeastShare = LongRun.Choose(0.15, 0.05);

    private static int BandwidthDelayProduct => (int)(Rate * RoundTrip.TotalSeconds);

    [Theory]
    [InlineData(0, 0.80)]
    [InlineData(0.001, 0.50)]
    public void A_flow_fills_a_long_fat_path(double loss, double share)
    {
        for (int seed = 1; seed <= LongRun.Choose(2, 2); seed++)
        {
            SimulatedNetwork network = CreateNetwork(seed, loss);
            var flow = new BulkFlow(network, 1, Options);
            flow.Start();
            network.Run(StartUp);
            (long overflows, (long sent, _)) = (network.Overflows, network.Count);
            network.Run(Duration - StartUp);
            double reached = flow.Delivered / Duration.TotalSeconds / Rate;
            double selfInflicted = (network.Overflows - overflows) / (double)(network.Count.Sent - sent);
            output.WriteLine($"loss {loss:P1}, seed {seed}: {reached:P1} of the link, {selfInflicted:P2} of the packets lost to a full queue after start-up ({overflows} before), window {flow.Sender.CongestionWindow / (double)BandwidthDelayProduct:F2} BDP");
            Assert.True(reached >= share, $"{reached:P1} of the link; {network.Describe()}");
            Assert.True(selfInflicted <= 0.01, $"{selfInflicted:P2} lost; {network.Describe()}");
        }
    }

    // Where the queue is deep, nothing but the flow itself keeps it short.
    [Fact]
    public void A_flow_keeps_no_more_than_one_bandwidth_delay_product_in_a_deep_queue()
    {
        SimulatedNetwork network = CreateNetwork(1, 0, queue: 4 * BandwidthDelayProduct);
        var flow = new BulkFlow(network, 1, Options);
        flow.Start();
        network.Run(StartUp);
        network.LongestWait = TimeSpan.Zero;
        long before = flow.Delivered;
        network.Run(Duration - StartUp);
        double reached = (flow.Delivered - before) / (Duration - StartUp).TotalSeconds / Rate;
        output.WriteLine($"at most {network.LongestWait.TotalMilliseconds:F1} ms in the queue, {reached:P1} of the link");
        Assert.True(network.LongestWait <= RoundTrip, $"{network.LongestWait.TotalMilliseconds:F1} ms in the queue; {network.Describe()}");
        Assert.True(reached >= 0.80, $"{reached:P1} of the link; {network.Describe()}");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Two_flows_share_sixty_to_forty_or_better(int secondStartsAfter)
    {
        SimulatedNetwork network = CreateNetwork(1, 0);
        BulkFlow[] flows = [new(network, 1, Options), new(network, 2, Options)];
        flows[0].Start();
        network.Run(TimeSpan.FromSeconds(secondStartsAfter));
        flows[1].Start();
        long before = flows[0].Delivered;
        network.Run(Duration);
        double[] shares = Shares(flows[0].Delivered - before, flows[1].Delivered);
        output.WriteLine($"second {secondStartsAfter} s later: {shares[0]:P1} to {shares[1]:P1}, together {(flows[0].Delivered - before + flows[1].Delivered) / Duration.TotalSeconds / Rate:P1}");
        Assert.InRange(shares[0], 0.4, 0.6);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 3)]
    [InlineData(3, 0)]
    public void A_flow_under_plain_rfc_9260_control_keeps_a_quarter(int oursStartsAfter, int plainStartsAfter)
    {
        SimulatedNetwork network = CreateNetwork(1, 0);
        var ours = new BulkFlow(network, 1, Options);
        var plain = new BulkFlow(network, 2, Options with { CreateCongestionControl = static size => new Rfc9260CongestionControl(size) });
        (BulkFlow first, BulkFlow second) = oursStartsAfter <= plainStartsAfter ? (ours, plain) : (plain, ours);
        first.Start();
        network.Run(TimeSpan.FromSeconds(Math.Abs(oursStartsAfter - plainStartsAfter)));
        second.Start();
        long before = first.Delivered;
        network.Run(Duration);
        long delivered = first.Delivered - before;
        double[] shares = first == ours ? Shares(delivered, second.Delivered) : Shares(second.Delivered, delivered);
        output.WriteLine($"ours {oursStartsAfter} s, plain {plainStartsAfter} s: {shares[0]:P1} to {shares[1]:P1}, together {(delivered + second.Delivered) / Duration.TotalSeconds / Rate:P1}");
        Assert.True(shares[1] >= 0.25, $"{shares[1]:P1}");
        Assert.True(shares[0] >= LeastShare, $"Ours is starved: {shares[0]:P1}");
    }

    private static double[] Shares(long first, long second) => [first / (double)(first + second), second / (double)(first + second)];

    private static SimulatedNetwork CreateNetwork(int seed, double loss, int? queue = null) => new(
        seed,
        new NetworkConditions { Latency = RoundTrip / 2, Loss = loss, RateBytesPerSecond = Rate, QueueBytes = queue ?? BandwidthDelayProduct })
    {
        Bottleneck = static (_, to) => to.ToString().Contains(".2:", StringComparison.Ordinal) ? "there" : "back",
    };
}
