using EGoat.Testing;
using EGoat.WebRtc.Sctp;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>A sender that always has something to send, and a receiver that takes it at once.</summary>
internal sealed class BulkFlow
{
    private const int MessageLength = 64 * 1024;
    private static readonly byte[] Message = new byte[MessageLength];

    private readonly SimulatedNetwork _network;
    private readonly Node _sender;
    private readonly Node _receiver;

    public BulkFlow(SimulatedNetwork network, int number, SctpOptions options)
    {
        _network = network;
        _sender = new Node(Address(number, 1), Address(number, 2), new SctpAssociation(options, new SeededEntropy(number * 2))) { IsSender = true };
        _receiver = new Node(Address(number, 2), Address(number, 1), new SctpAssociation(options, new SeededEntropy((number * 2) + 1)));
        network.Attach(_sender, Address(number, 1));
        network.Attach(_receiver, Address(number, 2));
    }

    /// <summary>Payload bytes that the receiver has taken.</summary>
    public long Delivered => _receiver.Delivered;

    public SctpAssociation Sender => _sender.Association;

    public void Start()
    {
        _sender.Association.Connect(_network.Now);
        _receiver.Association.Connect(_network.Now);
    }

    private static TransportAddress Address(int flow, int end)
    {
        Assert.True(TransportAddress.TryParse($"192.0.{flow}.{end}", 5000, out TransportAddress address));
        return address;
    }

    private sealed class Node(TransportAddress local, TransportAddress remote, SctpAssociation association) : ISimulatedNode
    {
        public SctpAssociation Association { get; } = association;

        public bool IsSender { get; init; }

        public long Delivered { get; private set; }

        public TimeSpan? NextTimeout => Association.NextTimeout;

        public void HandleDatagram(TimeSpan now, TransportAddress from, TransportAddress to, Span<byte> datagram)
        {
            Association.HandlePacket(now, datagram);
            while (Association.TryPollEvent(out _))
            {
                // Connected, which comes before the first message.
            }

            while (Association.TryReceive(out SctpMessage message))
            {
                Delivered += message.Length;
                Association.Release(message.Length);
                message.Return();
            }
        }

        public void HandleTimeout(TimeSpan now) => Association.HandleTimeout(now);

        public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
        {
            while (IsSender && Association.State == SctpState.Established && Association.GetBufferedAmount(1) < MessageLength)
            {
                Association.Send(now, 1, 53, Message);
            }

            bool isPolled = Association.TryPollPacket(now, buffer, out int length);
            transmit = new Transmit(local, remote, length, length);
            return isPolled;
        }
    }
}
