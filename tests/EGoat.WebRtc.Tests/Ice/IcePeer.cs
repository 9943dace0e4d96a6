using EGoat.Testing;
using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Tests.Ice;

/// <summary>An agent on a simulated network.</summary>
internal sealed class IcePeer : ISimulatedNode
{
    private readonly TransportAddress[] _addresses;

    public IcePeer(SimulatedNetwork network, bool isControlling, int seed, params string[] addresses)
        : this(network, new IceAgentOptions(), isControlling, seed, addresses)
    {
    }

    public IcePeer(SimulatedNetwork network, IceAgentOptions options, bool isControlling, int seed, params string[] addresses)
    {
        Agent = new IceAgent(isControlling, options, new SeededEntropy(seed));
        _addresses = [.. addresses.Select(Parse)];
        network.Attach(this, _addresses);
        for (int i = 0; i < _addresses.Length; i++)
        {
            Agent.AddLocalCandidate(network.Now, IceCandidate.CreateHost(_addresses[i], _addresses[i], (ushort)(65535 - i)));
        }
    }

    public IceAgent Agent { get; }

    public List<IceConnectionState> States { get; } = [];

    public TimeSpan? NextTimeout => Agent.NextTimeout;

    public static TransportAddress Parse(string address)
    {
        Assert.True(TransportAddress.TryParse(address, 5000, out TransportAddress parsed));
        return parsed;
    }

    public void SignalTo(IcePeer other, TimeSpan now, bool withCandidates = true)
    {
        other.Agent.SetRemoteCredentials(now, Agent.LocalCredentials);
        if (withCandidates)
        {
            foreach (IceCandidate candidate in Agent.LocalCandidates)
            {
                Assert.True(IceCandidate.TryParse(candidate.ToString(), out IceCandidate? parsed));
                other.Agent.AddRemoteCandidate(now, parsed!);
            }

            other.Agent.SetRemoteEndOfCandidates();
        }
    }

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        Agent.HandleDatagram(now, local, remote, datagram);
        DrainEvents();
    }

    public void HandleTimeout(TimeSpan now)
    {
        Agent.HandleTimeout(now);
        DrainEvents();
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit) => Agent.TryPollTransmit(now, buffer, out transmit);

    private void DrainEvents()
    {
        while (Agent.TryPollEvent(out IceEvent e))
        {
            if (e.Type == IceEventType.StateChanged)
            {
                States.Add(e.State);
            }
        }
    }
}
