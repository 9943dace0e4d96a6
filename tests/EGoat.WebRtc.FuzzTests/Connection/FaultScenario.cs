using System.Buffers.Binary;
using System.Reflection;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Rx;
using EGoat.WebRtc.Tests.Sctp;

namespace EGoat.WebRtc.FuzzTests.Connection;

/// <summary>Four kinds of channels over a network whose faults change all the time, and a reader that pauses.</summary>
internal sealed class FaultScenario
{
    private static readonly FieldInfo TransferField = typeof(SctpAssociation).GetField("_transfer", BindingFlags.Instance | BindingFlags.NonPublic)!;

    private static readonly DataChannelOptions[] Kinds = [new(), new() { Ordered = false }, new() { MaxRetransmits = 1 }, new() { Ordered = false, MaxPacketLifeTime = 100 }];

    private readonly Random _random;
    private readonly SctpOptions _options;
    private readonly SctpPeer _a;
    private readonly SctpPeer _z;
    private readonly List<DataChannel> _channels = [];
    private readonly int[] _sent = new int[Kinds.Length];
    private readonly List<int>[] _received = [.. Kinds.Select(_ => new List<int>())];

    public FaultScenario(int seed)
    {
        _random = new Random(seed);
        _options = new SctpOptions { EnableInterleaving = seed % 2 == 0, MaxMessageSize = 16 * 1024, ReceiveWindow = 64 * 1024, MaxPacketSize = seed % 3 == 0 ? 512 : 1160 };
        Network = new SimulatedNetwork(seed);
        (_a, _z) = SctpPeer.Connect(Network, seed, _options, _options);
        foreach (DataChannelOptions kind in Kinds)
        {
            _channels.Add(_a.Channels.Create(Network.Now, $"{_channels.Count}", kind));
        }
    }

    public SimulatedNetwork Network { get; }

    /// <summary>A second of faults; the invariants are checked after it.</summary>
    public void RunFaults()
    {
        Network.Conditions = new NetworkConditions
        {
            Latency = TimeSpan.FromMilliseconds(_random.Next(1, 60)),
            Jitter = TimeSpan.FromMilliseconds(_random.Next(20)),
            Loss = _random.Next(6) == 0 ? 1 : _random.NextDouble() * 0.4,
            Reordering = _random.NextDouble() * 0.5,
            Duplication = _random.NextDouble() * 0.3,
        };
        for (int kind = 0; kind < Kinds.Length; kind++)
        {
            for (int i = _random.Next(6); i > 0; i--)
            {
                var message = new byte[sizeof(int) + (_random.Next(5) == 0 ? _random.Next(12_000) : _random.Next(200))];
                BinaryPrimitives.WriteInt32BigEndian(message, _sent[kind]++);
                _channels[kind].Send(Network.Now, message, false);
            }
        }

        Network.Run(TimeSpan.FromSeconds(1));
        if (_random.Next(3) != 0)
        {
            Read();
        }

        CheckSafety();
    }

    /// <summary>The network heals: everything reliable arrives, and nothing waits anywhere.</summary>
    public void Heal()
    {
        Network.Conditions = NetworkConditions.Perfect;
        Check(
            Network.Run(
                () =>
                {
                    Read();
                    return _received[0].Count == _sent[0] && _received[1].Count == _sent[1] && _channels.TrueForAll(c => c.BufferedAmount == 0) && _a.Association.FlightSize == 0;
                },
                TimeSpan.FromSeconds(60)),
            $"of {_sent[0]} and {_sent[1]} messages {_received[0].Count} and {_received[1].Count} arrived");
        Network.Run(TimeSpan.FromSeconds(5));
        Read();
        CheckSafety();
        Check(BufferedBytes == 0, $"the receiver still holds {BufferedBytes} bytes");
    }

    private long BufferedBytes
    {
        get
        {
            object transfer = TransferField.GetValue(_z.Association)!;
            return ((ReassemblyQueue)transfer.GetType().GetProperty("Reassembly")!.GetValue(transfer)!).BufferedBytes;
        }
    }

    private void Read()
    {
        foreach (DataChannel channel in _z.Incoming)
        {
            while (channel.TryReceive(out DataChannelMessage message))
            {
                _received[channel.Label[0] - '0'].Add(BinaryPrimitives.ReadInt32BigEndian(message.Payload.Span));
                message.Return();
            }
        }
    }

    // No duplicate, no order violated, memory bounded, nobody gives up.
    private void CheckSafety()
    {
        for (int kind = 0; kind < Kinds.Length; kind++)
        {
            List<int> received = _received[kind];
            Check(received.Distinct().Count() == received.Count, $"channel {kind} got a message twice");
            if (Kinds[kind].Ordered)
            {
                Check(received.SequenceEqual(received.Order()), $"channel {kind} got messages out of order");
            }
        }

        Check(_received[0].SequenceEqual(Enumerable.Range(0, _received[0].Count)), "the reliable channel has a hole");
        Check(BufferedBytes <= _options.ReceiveWindow + (2 * _options.MaxPacketSize) + (4 * _options.MaxMessageSize), $"the receiver holds {BufferedBytes} bytes");
        Check(_a.Association.EndReason is null && _z.Association.EndReason is null, $"{_a.Association.EndReason}{_z.Association.EndReason}");
    }

    private void Check(bool condition, string what)
    {
        if (!condition)
        {
            Assert.Fail($"{what}; {Network.Describe()}");
        }
    }
}
