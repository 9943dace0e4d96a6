using System.Net;
using EGoat.Testing;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Turn;

namespace EGoat.WebRtc.Tests.Ice;

/// <summary>An agent with one socket and the candidates of a gatherer, on the open network or behind a NAT; it trickles.</summary>
internal sealed class InternetPeer : ISimulatedNode
{
    private readonly TransportAddress _local;
    private readonly List<IceCandidate> _untold = [];
    private IceAgent? _peer;

    private InternetPeer(string address, bool isControlling, int seed, IceAgentOptions? options)
    {
        _local = new TransportAddress(IPAddress.Parse(address), 5000);
        byte[] bytes = _local.Address.GetAddressBytes();
        int ownSeed = (1000 * seed) + bytes[2] + bytes[3]; // two peers of a test never have the same tie-breaker
        Agent = new IceAgent(isControlling, options ?? new IceAgentOptions(), new SeededEntropy(ownSeed));
        Gatherer = new IceGatherer(new SeededEntropy(ownSeed + 500));
        AddCandidate(TimeSpan.Zero, IceCandidate.CreateHost(_local, _local, 65535));
    }

    public IceAgent Agent { get; }

    public IceGatherer Gatherer { get; }

    public TimeSpan? NextTimeout => _peer is not null && _untold.Count > 0 ? TimeSpan.Zero : Earlier(Agent.NextTimeout, Gatherer.NextTimeout);


    /// <summary>"relay" when a relay is in the selected path, else how the other side is reached: "host", "srflx" or "prflx"; "none" without a path.</summary>
    public string Path
    {
        get
        {
            if (Agent.State != IceConnectionState.Connected || !Agent.HasSelectedPair)
            {
                return "none";
            }

            return (Agent.SelectedLocal == _local, Agent.SelectedRemoteType) switch
            {
                (false, _) or (_, IceCandidateType.Relayed) => "relay",
                (_, IceCandidateType.Host) => "host",
                (_, IceCandidateType.ServerReflexive) => "srflx",
                _ => "prflx",
            };
        }
    }

    public static InternetPeer OnNetwork(SimulatedNetwork network, string address, bool isControlling, int seed = 1, IceAgentOptions? options = null)
    {
        var peer = new InternetPeer(address, isControlling, seed, options);
        network.Attach(peer, peer._local);
        return peer;
    }

    public static InternetPeer BehindNat(SimulatedNat nat, string address, bool isControlling, int seed = 1, IceAgentOptions? options = null)
    {
        var peer = new InternetPeer(address, isControlling, seed, options);
        nat.Attach(peer, peer._local);
        return peer;
    }

    public void AddStun(string server) => Gatherer.AddStun(_local, new TransportAddress(IPAddress.Parse(server), SimulatedTurnServer.Port));

    public void AddTurn(string server) => Gatherer.AddTurn(_local, new TransportAddress(IPAddress.Parse(server), SimulatedTurnServer.Port), IceServerTransport.Udp, SimulatedTurnServer.Username, SimulatedTurnServer.Password, tellsReflexive: true);

    /// <summary>Tells the other side the credentials now and the candidates as they come.</summary>
    public void SignalTo(InternetPeer other, TimeSpan now)
    {
        _peer = other.Agent;
        other.Agent.SetRemoteCredentials(now, Agent.LocalCredentials);
    }

    /// <summary>After a restart the other side wants every candidate anew.</summary>
    public void TellAgain()
    {
        _untold.Clear();
        _untold.AddRange(Agent.LocalCandidates);
    }

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        if (!Gatherer.IsServer(local, remote))
        {
            Agent.HandleDatagram(now, local, remote, datagram);
        }
        else if (Gatherer.HandleDatagram(now, local, remote, datagram, out TransportAddress relayed, out TransportAddress peer, out Range payload))
        {
            Agent.HandleDatagram(now, relayed, peer, datagram[payload]);
        }

        Drain(now);
    }

    public void HandleTimeout(TimeSpan now)
    {
        Gatherer.HandleTimeout(now);
        Agent.HandleTimeout(now);
        Drain(now);
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        if (Gatherer.TryPollTransmit(now, buffer, out transmit))
        {
            return true;
        }

        while (Agent.TryPollTransmit(now, buffer, out transmit))
        {
            if (transmit.Local == _local)
            {
                return true;
            }

            byte[] payload = buffer[..transmit.Length].ToArray();
            var wrapped = new byte[payload.Length + TurnClient.MaxOverhead];
            if (Gatherer.Relay(now, transmit.Local, transmit.Remote, payload, wrapped, out transmit))
            {
                wrapped.AsSpan(0, transmit.Length).CopyTo(buffer);
                return true;
            }

            if (Gatherer.TryPollTransmit(now, buffer, out transmit))
            {
                return true; // the request for a permission
            }
        }

        return false;
    }

    private static TimeSpan? Earlier(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b : a;

    private void Drain(TimeSpan now)
    {
        while (Gatherer.TryPollEvent(out IceGathererEvent e))
        {
            if (e.Type == IceGathererEventType.CandidateFound)
            {
                AddCandidate(now, e.Candidate!);
            }
        }

        while (Agent.TryPollEvent(out _))
        {
        }

        if (_peer is not null)
        {
            foreach (IceCandidate candidate in _untold)
            {
                Assert.True(IceCandidate.TryParse(candidate.ToString(), out IceCandidate? parsed));
                _peer.AddRemoteCandidate(now, parsed!);
            }

            _untold.Clear();
        }
    }

    private void AddCandidate(TimeSpan now, IceCandidate candidate)
    {
        Agent.AddLocalCandidate(now, candidate);
        _untold.Add(candidate);
    }
}
