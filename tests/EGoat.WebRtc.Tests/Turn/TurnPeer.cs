using System.Net;
using EGoat.Testing;
using EGoat.WebRtc.Turn;

namespace EGoat.WebRtc.Tests.Turn;

/// <summary>A TURN client on a simulated network, over UDP.</summary>
internal sealed class TurnPeer : ISimulatedNode
{
    private readonly TransportAddress _local;
    private readonly TransportAddress _server;
    private readonly Queue<byte[]> _outgoing = new();

    public TurnPeer(SimulatedNetwork network, string address, string server, string password = SimulatedTurnServer.Password, int seed = 1)
    {
        _local = new TransportAddress(IPAddress.Parse(address), 5000);
        _server = new TransportAddress(IPAddress.Parse(server), SimulatedTurnServer.Port);
        Client = new TurnClient(_server, isReliable: false, SimulatedTurnServer.Username, password, new SeededEntropy(seed));
        network.Attach(this, _local);
    }

    public TurnClient Client { get; }

    /// <summary>What came out of the relay.</summary>
    public List<(TransportAddress Peer, byte[] Bytes)> Received { get; } = [];

    public TimeSpan? NextTimeout => _outgoing.Count > 0 ? TimeSpan.Zero : Client.NextTimeout;

    /// <summary>Sends through the relay. False when it waits or is dropped.</summary>
    public bool Send(TimeSpan now, TransportAddress peer, params byte[] payload)
    {
        var buffer = new byte[payload.Length + TurnClient.MaxOverhead];
        int length = Client.Send(now, peer, payload, buffer);
        if (length > 0)
        {
            _outgoing.Enqueue(buffer[..length]);
        }

        return length > 0;
    }

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        Assert.Equal(_server, remote);
        if (Client.HandleDatagram(now, datagram, out TransportAddress peer, out Range payload))
        {
            Received.Add((peer, datagram[payload].ToArray()));
        }
    }

    public void HandleTimeout(TimeSpan now) => Client.HandleTimeout(now);

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (_outgoing.TryDequeue(out byte[]? waiting))
        {
            waiting.CopyTo(buffer);
            transmit = new Transmit(_local, _server, waiting.Length, waiting.Length);
            return true;
        }

        if (!Client.TryPollTransmit(now, buffer, out int length))
        {
            return false;
        }

        transmit = new Transmit(_local, _server, length, length);
        return true;
    }
}
