using System.Net;
using EGoat.Testing;
using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Tests.Ice;

/// <summary>An <see cref="IceGatherer"/> with its sockets on a simulated network.</summary>
internal sealed class GathererNode : ISimulatedNode
{
    public GathererNode(SimulatedNetwork network, params string[] addresses)
    {
        Locals = [.. addresses.Select(a => new TransportAddress(IPAddress.Parse(a), 5000))];
        network.Attach(this, Locals);
    }

    public IceGatherer Gatherer { get; } = new(new SeededEntropy(1));

    public TransportAddress[] Locals { get; }

    public List<IceGathererEvent> Events { get; } = [];

    /// <summary>What came out of relays.</summary>
    public List<(TransportAddress Relayed, TransportAddress Peer, byte[] Bytes)> Received { get; } = [];

    public IEnumerable<string> Found => Events.Where(e => e.Type == IceGathererEventType.CandidateFound).Select(e => e.Candidate!.Address.ToString());

    public TimeSpan? NextTimeout => Gatherer.NextTimeout;

    public void AddStun(string server) => Gatherer.AddStun(LocalFor(server), ServerAt(server));

    public void AddTurn(string server, string password = SimulatedTurnServer.Password, bool tellsReflexive = true) =>
        Gatherer.AddTurn(LocalFor(server), ServerAt(server), IceServerTransport.Udp, SimulatedTurnServer.Username, password, tellsReflexive);

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        Assert.True(Gatherer.IsServer(local, remote));
        if (Gatherer.HandleDatagram(now, local, remote, datagram, out TransportAddress relayed, out TransportAddress peer, out Range payload))
        {
            Received.Add((relayed, peer, datagram[payload].ToArray()));
        }

        DrainEvents();
    }

    public void HandleTimeout(TimeSpan now)
    {
        Gatherer.HandleTimeout(now);
        DrainEvents();
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit) => Gatherer.TryPollTransmit(now, buffer, out transmit);

    public void DrainEvents()
    {
        while (Gatherer.TryPollEvent(out IceGathererEvent e))
        {
            Events.Add(e);
        }
    }

    private static TransportAddress ServerAt(string server) => new(IPAddress.Parse(server), SimulatedTurnServer.Port);

    private TransportAddress LocalFor(string server) => Locals.First(l => l.IsIPv6 == ServerAt(server).IsIPv6);
}
