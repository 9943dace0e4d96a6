using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Tests.Sctp;

namespace EGoat.WebRtc.Tests.DataChannels;

/// <summary>Many channels, long and strange names, empty messages, closing from either side.</summary>
public sealed class ChannelLimitTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public void All_65535_ids_can_be_open_at_once_and_one_that_is_freed_can_be_used_again()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel[] even = [.. Enumerable.Range(0, 32768).Select(_ => A.Channels.Create(network.Now, "", new()))];
        DataChannel[] odd = [.. Enumerable.Range(0, 32767).Select(_ => Z.Channels.Create(network.Now, "", new()))];
        Assert.Equal((65534, 65533), (even[^1].Id, odd[^1].Id));
        Assert.True(network.Run(() => Z.Incoming.Count == even.Length && A.Incoming.Count == odd.Length, Limit));
        Assert.Throws<InvalidOperationException>(() => A.Channels.Create(network.Now, "one too many", new()));
        Assert.Throws<InvalidOperationException>(() => A.Channels.Create(network.Now, "one too many", new()));
        Assert.Equal(65535, A.Channels.Channels.Count());
        even[1000].Close();
        Assert.True(network.Run(() => even[1000].ReadyState == DataChannelState.Closed, Limit));
        Assert.Equal(2000, A.Channels.Create(network.Now, "again", new()).Id);
        even[^1].Send(network.Now, "last"u8, true);
        Assert.True(network.Run(() => Z.Incoming[even.Length - 1].HasMessage && Z.Incoming.Count == even.Length + 1, Limit));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("\0", "\u202E\u200F")]
    [InlineData("\u6F22\u5B57 \u05E2\u05D1\u05E8\u05D9\u05EA \u0939\u093F\u0928\u094D\u0926\u0940", "\U0001F410\u200D\U0001F3FD")]
    public void Labels_and_protocols_are_any_Unicode(string label, string protocol)
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        A.Channels.Create(network.Now, label, new() { Protocol = protocol });
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        Assert.Equal((label, protocol), (Z.Incoming[0].Label, Z.Incoming[0].Options.Protocol));
    }

    [Fact]
    public void The_longest_label_and_protocol_arrive()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        string longest = new('\u00E9', 32767);
        A.Channels.Create(network.Now, longest, new() { Protocol = longest + "x" });
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        Assert.Equal((longest, longest + "x"), (Z.Incoming[0].Label, Z.Incoming[0].Options.Protocol));
    }

    [Fact]
    public void Empty_messages_keep_their_kind_and_their_place()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        (int Length, bool IsText)[] sent = [(0, true), (1, false), (0, false), (1, true), (0, true)];
        foreach ((int length, bool isText) in sent)
        {
            a.Send(network.Now, new byte[length], isText);
        }

        Assert.True(network.Run(() => Z.Incoming.Count == 1 && Z.Incoming[0].HasMessage, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        var received = new List<(int, bool)>();
        while (Z.Incoming[0].TryReceive(out DataChannelMessage message))
        {
            received.Add((message.Length, message.IsText));
            message.Return();
        }

        Assert.Equal(sent, received);
    }

    [Fact]
    public void A_close_by_the_receiver_loses_nothing_that_the_sender_had_accepted()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed);
            DataChannel a = A.Channels.Create(network.Now, "x", new());
            Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
            for (int i = 0; i < 300; i++)
            {
                a.Send(network.Now, SctpTransferTests.Number(i), false);
            }

            Z.Incoming[0].Close();
            Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed && Z.Incoming[0].ReadyState == DataChannelState.Closed, Limit), network.Describe());
            Assert.Equal(300, SctpTransferTests.Receive(network, Z.Incoming[0], 0));
        }
    }

    [Fact]
    public void Unordered_messages_overtake_a_lost_one()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "x", new() { Ordered = false });
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        tap.Lose = c => c.IsData && c.PayloadLength == 1100;
        a.Send(network.Now, new byte[1100], false);
        a.Send(network.Now, new byte[1000], false);
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, TimeSpan.FromMilliseconds(10)), network.Describe());
        Assert.True(Z.Incoming[0].TryReceive(out DataChannelMessage message));
        Assert.Equal(1000, message.Length);
        message.Return();
        tap.Lose = null;
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, Limit));
    }
}
