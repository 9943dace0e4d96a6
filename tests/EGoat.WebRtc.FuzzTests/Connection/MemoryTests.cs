using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Tests.Sctp;

namespace EGoat.WebRtc.FuzzTests.Connection;

/// <summary>What many large transfers at once hold in memory, at both ends together.</summary>
public sealed class MemoryTests
{
    private const int Peers = 8;
    private const int MessageLength = 64 * 1024;

    /// <summary>What a sender lets wait: it follows the buffered amount.</summary>
    private const int MaxBufferedAmount = 1024 * 1024;

    private static readonly SctpOptions Options = new();
    private static readonly int Messages = LongRun.Choose(16, 1024) * 1024 * 1024 / MessageLength;

    /// <summary>At each end of a pair: the window, received or in flight, once more in the buffers of the pool, and what waits.</summary>
    private static readonly long Bound = Peers * ((4L * Options.ReceiveWindow) + (2 * MaxBufferedAmount));

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(8)]
    public void Eight_peers_fill_no_memory_however_much_they_are_sent_and_however_few_of_them_read(int readers)
    {
        Transfer[] transfers = [.. Enumerable.Range(0, Peers).Select(i => new Transfer(i + 1) { IsRead = i < readers })];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        int rounds = 0;
        while (transfers.Count(t => t.Step()) < Peers)
        {
            Assert.True(++rounds < 100_000, "The transfers do not end.");
            if (rounds % 100 == 0)
            {
                AssertMemory(before);
            }

            if (transfers.All(t => t.IsComplete || t.IsBlocked))
            {
                // The readers are done; only now the others read.
                AssertMemory(before);
                Array.ForEach(transfers, t => t.IsRead = true);
            }
        }

        Assert.All(transfers, t => Assert.Equal(Messages, t.Received));
    }

    private static void AssertMemory(long before)
    {
        long growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(growth < Bound, $"{growth} bytes are held, {Bound} are allowed");
    }

    private sealed class Transfer
    {
        private readonly SimulatedNetwork _network;
        private readonly SctpPeer _receiver;
        private readonly DataChannel _channel;
        private readonly byte[] _message = new byte[MessageLength];
        private int _sent;
        private int _stepsWithoutProgress;

        public Transfer(int seed)
        {
            _network = new SimulatedNetwork(seed, NetworkConditions.Perfect with { RateBytesPerSecond = 125e6, QueueBytes = 1_000_000 });
            (SctpPeer sender, _receiver) = SctpPeer.Connect(_network, seed, Options, Options);
            _channel = sender.Channels.Create(_network.Now, "x", new());
            Assert.True(_network.Run(() => _receiver.Incoming.Count == 1, TimeSpan.FromSeconds(5)), _network.Describe());
        }

        public bool IsRead { get; set; }

        public int Received { get; private set; }

        public bool IsComplete => Received == Messages;

        /// <summary>Nothing moves: the window is full.</summary>
        public bool IsBlocked => !IsRead && _stepsWithoutProgress > 20;

        /// <summary>Some milliseconds; true when everything has arrived.</summary>
        public bool Step()
        {
            if (IsComplete)
            {
                return true;
            }

            (long, int) before = (_channel.BufferedAmount, _sent);
            _network.Run(
                () =>
                {
                    Send();
                    Receive();
                    return false;
                },
                TimeSpan.FromMilliseconds(10));
            _stepsWithoutProgress = (_channel.BufferedAmount, _sent) == before ? _stepsWithoutProgress + 1 : 0;
            return IsComplete;
        }

        private void Send()
        {
            while (_sent < Messages && _channel.BufferedAmount < MaxBufferedAmount)
            {
                _channel.Send(_network.Now, _message, false);
                _sent++;
            }
        }

        private void Receive()
        {
            while (IsRead && _receiver.Incoming[0].TryReceive(out DataChannelMessage message))
            {
                Assert.Equal(MessageLength, message.Length);
                message.Return();
                Received++;
            }
        }
    }
}
