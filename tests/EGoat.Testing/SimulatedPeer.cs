using EGoat.WebRtc;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Tracing;

namespace EGoat.Testing;

/// <summary>A whole connection on a <see cref="SimulatedNetwork"/>.</summary>
public sealed class SimulatedPeer : ISimulatedNode
{
    private readonly SimulatedNetwork _network;
    private readonly List<IceCandidate> _candidates = [];

    public SimulatedPeer(SimulatedNetwork network, int seed, DtlsCertificate certificate, params string[] addresses)
        : this(network, seed, certificate, null, addresses)
    {
    }

    public SimulatedPeer(SimulatedNetwork network, int seed, DtlsCertificate certificate, SubjectTrace? trace, params string[] addresses)
    {
        _network = network;
        Connection = new PeerConnection(new PeerConnectionOptions { Certificate = certificate, Trace = trace }, new SeededEntropy(seed));
        foreach (string address in addresses)
        {
            AddAddress(address);
        }
    }

    public PeerConnection Connection { get; }

    public List<DataChannel> Incoming { get; } = [];

    public List<PeerConnectionState> States { get; } = [];

    /// <summary>The host sleeps: its clock goes on, nothing reaches it, and it does nothing.</summary>
    public bool IsAsleep { get; set; }

    public TimeSpan? NextTimeout => IsAsleep ? null : Connection.NextTimeout;

    /// <summary>Two peers that have exchanged offer and answer.</summary>
    public static (SimulatedPeer A, SimulatedPeer Z) CreatePair(SimulatedNetwork network, int seed, DtlsCertificate a, DtlsCertificate z)
    {
        var A = new SimulatedPeer(network, (2 * seed) + 1, a, "192.0.2.1", "2001:db8::1");
        var Z = new SimulatedPeer(network, (2 * seed) + 2, z, "192.0.2.2", "2001:db8::2");
        string answer = Z.Connection.AcceptOffer(network.Now, A.Connection.CreateOffer(network.Now));
        A.Connection.AcceptAnswer(network.Now, answer);
        return (A, Z);
    }

    /// <summary>The host gets another address.</summary>
    public void AddAddress(string text)
    {
        if (!TransportAddress.TryParse(text, 5000, out TransportAddress address))
        {
            throw new ArgumentException($"{text} is no address.", nameof(text));
        }

        var candidate = IceCandidate.CreateHost(address, address, (ushort)(ushort.MaxValue - _candidates.Count));
        _candidates.Add(candidate);
        _network.Attach(this, address);
        Connection.AddLocalCandidate(_network.Now, candidate);
    }

    /// <summary>The host loses all addresses that it has.</summary>
    public void RemoveAddresses()
    {
        foreach (IceCandidate candidate in _candidates)
        {
            _network.Detach(candidate.Address);
            Connection.RemoveLocalCandidate(candidate);
        }
    }

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        if (!IsAsleep)
        {
            Connection.HandleDatagram(now, local, remote, datagram);
            Drain();
        }
    }

    public void HandleTimeout(TimeSpan now)
    {
        Connection.HandleTimeout(now);
        Drain();
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (IsAsleep)
        {
            return false;
        }

        bool isPolled = Connection.TryPollTransmit(now, buffer, out transmit);
        Drain();
        return isPolled;
    }

    private void Drain()
    {
        while (Connection.TryPollEvent(out PeerConnectionEvent e))
        {
            if (e.Type == PeerConnectionEventType.StateChanged)
            {
                States.Add(e.State);
            }
            else if (e.Type == PeerConnectionEventType.Channel && e.Channel.Type == DataChannelEventType.Incoming)
            {
                Incoming.Add(e.Channel.Channel);
            }
        }
    }
}
