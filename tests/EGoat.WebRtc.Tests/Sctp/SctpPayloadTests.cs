using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>Messages whose bytes are lent rather than copied: they arrive whole, and are given back once, when nobody needs them any more.</summary>
public sealed class SctpPayloadTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(16, 1)]
    [InlineData(16, 65_520)]
    [InlineData(1_200, 1_200)]
    [InlineData(5_000, 5_000)]
    [InlineData(0, 65_536)]
    public void Both_parts_arrive_behind_one_another_whatever_is_lost(int headLength, int bodyLength)
    {
        (SimulatedNetwork network, SctpPeer a, SctpPeer z) = Connect(NetworkConditions.Perfect with { Loss = 0.1, Reordering = 0.1 });
        DataChannel channel = Open(network, a, z, new());
        (byte[] head, byte[] body) = (Random(1, headLength), Random(2, bodyLength));
        var lease = new Lease(body);
        channel.Send(network.Now, new SctpPayload(head, body, lease), isText: false);
        head.AsSpan().Clear(); // it was copied
        Assert.True(network.Run(() => z.Incoming[0].HasMessage, Limit), network.Describe());
        Assert.True(z.Incoming[0].TryReceive(out DataChannelMessage message));
        Assert.Equal([.. Random(1, headLength), .. Random(2, bodyLength)], message.Payload.ToArray());
        Assert.True(network.Run(() => a.Association.FlightSize == 0, Limit), network.Describe());
        Assert.Equal(1, lease.Ends);
    }

    [Fact]
    public void It_is_lent_until_the_peer_has_acknowledged_it_all()
    {
        (SimulatedNetwork network, SctpPeer a, SctpPeer z) = Connect(NetworkConditions.Perfect);
        DataChannel channel = Open(network, a, z, new());
        var lease = new Lease(Random(1, 5_000));
        channel.Send(network.Now, new SctpPayload(default, lease.Body, lease), isText: false);
        Assert.True(network.Run(() => z.Incoming[0].HasMessage, Limit));
        Assert.Equal((0, true), (lease.Ends, a.Association.FlightSize > 0)); // acknowledgements are on their way
        Assert.True(network.Run(() => a.Association.FlightSize == 0, Limit));
        Assert.Equal(1, lease.Ends);
    }

    [Fact]
    public void What_is_given_up_is_given_back()
    {
        (SimulatedNetwork network, SctpPeer a, SctpPeer z) = Connect(NetworkConditions.Perfect);
        DataChannel once = Open(network, a, z, new() { MaxRetransmits = 0 });
        network.Conditions = NetworkConditions.Perfect with { Loss = 1 };
        var inFlight = new Lease(Random(1, 5_000));
        once.Send(network.Now, new SctpPayload(default, inFlight.Body, inFlight), isText: false);
        network.Run(TimeSpan.FromMilliseconds(100));
        Assert.Equal(0, inFlight.Ends);
        network.Conditions = NetworkConditions.Perfect;
        Assert.True(network.Run(() => a.Association.FlightSize == 0, Limit));
        Assert.True(network.Run(() => inFlight.Ends > 0, Limit));
        Assert.False(z.Incoming[0].HasMessage);

        // One that expires before it was sent at all: the first fills the window, which stays closed.
        DataChannel brief = a.Channels.Create(network.Now, "brief", new() { MaxPacketLifeTime = 50 });
        Assert.True(network.Run(() => z.Incoming.Count == 2, Limit));
        network.Conditions = NetworkConditions.Perfect with { Loss = 1 };
        var (first, queued) = (new Lease(Random(1, 200_000)), new Lease(Random(2, 200_000)));
        brief.Send(network.Now, new SctpPayload(default, first.Body, first), isText: false);
        brief.Send(network.Now, new SctpPayload(default, queued.Body, queued), isText: false);
        network.Run(TimeSpan.FromSeconds(1));
        network.Conditions = NetworkConditions.Perfect;
        Assert.True(network.Run(() => first.Ends > 0 && queued.Ends > 0, Limit), network.Describe());
        Assert.Equal((1, 1, 1), (inFlight.Ends, first.Ends, queued.Ends));
    }

    private static (SimulatedNetwork Network, SctpPeer A, SctpPeer Z) Connect(NetworkConditions conditions)
    {
        var network = new SimulatedNetwork(5, conditions);
        (SctpPeer a, SctpPeer z) = SctpPeer.Connect(network, 5);
        return (network, a, z);
    }

    private static DataChannel Open(SimulatedNetwork network, SctpPeer a, SctpPeer z, DataChannelOptions options)
    {
        DataChannel channel = a.Channels.Create(network.Now, "x", options);
        Assert.True(network.Run(() => z.Incoming.Count == 1, Limit), network.Describe());
        return channel;
    }

    private static byte[] Random(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    // What is given back is used for something else at once.
    private sealed class Lease(byte[] body) : IDisposable
    {
        public byte[] Body => body;

        public int Ends { get; private set; }

        public void Dispose()
        {
            Ends++;
            body.AsSpan().Fill(0xEE);
        }
    }
}
