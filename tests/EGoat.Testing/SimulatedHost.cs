using System.Net;
using EGoat.WebRtc;

namespace EGoat.Testing;

/// <summary>A plain UDP host: it keeps what comes, sends what it is told to, and may echo.</summary>
public sealed class SimulatedHost : ISimulatedNode
{
    private readonly Queue<(TransportAddress To, byte[] Bytes)> _outgoing = new();

    public SimulatedHost(SimulatedNetwork network, string address, int port = 5000)
    {
        ArgumentNullException.ThrowIfNull(network);
        Address = new TransportAddress(IPAddress.Parse(address), port);
        network.Attach(this, Address);
    }

    public TransportAddress Address { get; }

    /// <summary>What has come, and from where.</summary>
    public List<(TransportAddress From, byte[] Bytes)> Received { get; } = [];

    /// <summary>Whether everything goes back where it came from.</summary>
    public bool Echoes { get; set; }

    public TimeSpan? NextTimeout => _outgoing.Count > 0 ? TimeSpan.Zero : null;

    public void Send(TransportAddress to, params byte[] bytes) => _outgoing.Enqueue((to, bytes));

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        Received.Add((remote, datagram.ToArray()));
        if (Echoes)
        {
            Send(remote, datagram.ToArray());
        }
    }

    public void HandleTimeout(TimeSpan now)
    {
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        if (!_outgoing.TryDequeue(out (TransportAddress To, byte[] Bytes) next))
        {
            transmit = default;
            return false;
        }

        next.Bytes.CopyTo(buffer);
        transmit = new Transmit(Address, next.To, next.Bytes.Length, next.Bytes.Length);
        return true;
    }
}
