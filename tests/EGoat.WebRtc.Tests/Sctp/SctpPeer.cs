using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>An association with its channels on a simulated network, without the DTLS that would be between.</summary>
internal sealed class SctpPeer : ISimulatedNode
{
    private readonly TransportAddress _local;
    private readonly TransportAddress _remote;

    public SctpPeer(SimulatedNetwork network, bool isA, int seed, SctpOptions? options = null)
    {
        Network = network;
        IsA = isA;
        Association = new SctpAssociation(options ?? new SctpOptions(), new SeededEntropy(seed));
        Channels = new DataChannelSet(Association) { MaxMessageSize = 256 * 1024 };
        Channels.SetDtlsRole(isA);
        _local = Parse(isA ? "192.0.2.1" : "192.0.2.2");
        _remote = Parse(isA ? "192.0.2.2" : "192.0.2.1");
        network.Attach(this, _local);
    }

    public SimulatedNetwork Network { get; }

    public bool IsA { get; }

    public SctpAssociation Association { get; }

    public DataChannelSet Channels { get; }

    public List<DataChannelEvent> Events { get; } = [];

    public List<DataChannel> Incoming { get; } = [];

    public TimeSpan? NextTimeout => Association.NextTimeout;

    public static (SctpPeer A, SctpPeer Z) CreatePair(SimulatedNetwork network, int seed = 1, SctpOptions? a = null, SctpOptions? z = null) =>
        (new SctpPeer(network, true, (2 * seed) + 1, a), new SctpPeer(network, false, (2 * seed) + 2, z));

    public static (SctpPeer A, SctpPeer Z) Connect(SimulatedNetwork network, int seed = 1, SctpOptions? a = null, SctpOptions? z = null)
    {
        (SctpPeer A, SctpPeer Z) = CreatePair(network, seed, a, z);
        A.Association.Connect(network.Now);
        Z.Association.Connect(network.Now);
        Assert.True(network.Run(() => AreEstablished(A, Z), TimeSpan.FromSeconds(60)), network.Describe());
        return (A, Z);
    }

    public static bool AreEstablished(SctpPeer A, SctpPeer Z) =>
        A.Association.State == SctpState.Established && Z.Association.State == SctpState.Established;

    public static ChunkType FirstChunk(SimulatedDatagram datagram) => (ChunkType)datagram.Bytes[SctpPacket.HeaderLength];

    /// <summary>Its address is free for another; what comes there is no longer for this one.</summary>
    public void Detach() => Network.Detach(_local);

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        Association.HandlePacket(now, datagram);
        Drain(now);
    }

    public void HandleTimeout(TimeSpan now)
    {
        Association.HandleTimeout(now);
        Drain(now);
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        bool isProbe = Association.TryPollProbe(now, buffer, out int length);
        bool isPolled = isProbe || Association.TryPollPacket(now, buffer, out length);
        transmit = new Transmit(_local, _remote, length, length, MayFragment: !isProbe && length > Association.MaxPacketSize);
        Drain(now);
        return isPolled;
    }

    private static TransportAddress Parse(string address)
    {
        Assert.True(TransportAddress.TryParse(address, 5000, out TransportAddress parsed));
        return parsed;
    }

    private void Drain(TimeSpan now)
    {
        Channels.Drain(now);
        while (Channels.TryPollEvent(out DataChannelEvent e))
        {
            Events.Add(e);
            if (e.Type == DataChannelEventType.Incoming)
            {
                Incoming.Add(e.Channel);
            }
        }
    }
}
