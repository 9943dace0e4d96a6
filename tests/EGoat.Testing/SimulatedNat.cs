using System.Net;
using EGoat.WebRtc;

namespace EGoat.Testing;

/// <summary>A NAT with the hosts behind it, as one node of a <see cref="SimulatedNetwork"/> (RFC 4787), for IPv4.</summary>
/// <remarks>
/// Hosts behind it whose addresses share the first three bytes are on one subnet and reach each other directly; those of
/// other subnets only by hairpinning, that is, through their mappings.
/// </remarks>
public sealed class SimulatedNat : ISimulatedNode
{
    private const ushort FirstPort = 40_000;
    private const int Ports = 256;

    /// <summary>How long a datagram takes from one host behind the NAT to another.</summary>
    private static readonly TimeSpan InnerLatency = TimeSpan.FromMilliseconds(1);

    private readonly SimulatedNatType _type;
    private readonly bool _hairpins;
    private readonly TransportAddress _external;
    private readonly List<ISimulatedNode> _nodes = [];
    private readonly Dictionary<TransportAddress, ISimulatedNode> _byAddress = [];
    private readonly List<Mapping> _mappings = [];
    private readonly PriorityQueue<Inner, (TimeSpan At, long Sequence)> _inner = new();
    private readonly Queue<(TransportAddress From, TransportAddress To, byte[] Bytes)> _outgoing = new();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private ushort _nextPort = FirstPort;
    private long _sequence;

    public SimulatedNat(SimulatedNetwork network, SimulatedNatType type, bool hairpins, string externalAddress)
    {
        ArgumentNullException.ThrowIfNull(network);
        _type = type;
        _hairpins = hairpins;
        _external = new TransportAddress(IPAddress.Parse(externalAddress), 0);
        network.Attach(this, [.. Enumerable.Range(FirstPort, Ports).Select(port => _external.WithPort((ushort)port))]);
    }

    /// <summary>A mapping that nothing was sent through for this long is gone; 2 minutes is the least that RFC 4787 section 4.3 allows.</summary>
    public TimeSpan MappingLifetime { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Datagrams from outside that no mapping or filter let in.</summary>
    public int Refused { get; private set; }

    /// <summary>Datagrams from one host behind the NAT to another, through their mappings.</summary>
    public int Hairpinned { get; private set; }

    public TimeSpan? NextTimeout
    {
        get
        {
            TimeSpan? next = _outgoing.Count > 0 ? TimeSpan.Zero : null;
            next = _inner.TryPeek(out _, out (TimeSpan At, long Sequence) first) && !(next < first.At) ? first.At : next;
            foreach (ISimulatedNode node in _nodes)
            {
                next = node.NextTimeout is { } due && !(next < due) ? due : next;
            }

            return next;
        }
    }

    /// <summary>Connects a host behind the NAT.</summary>
    public void Attach(ISimulatedNode node, TransportAddress address)
    {
        _nodes.Add(node);
        _byAddress.Add(address, node);
    }

    /// <summary>Forgets every mapping, as a restart does; the ports are not used again.</summary>
    public void Restart() => _mappings.Clear();

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        if (!TryDeliver(now, local, remote, datagram))
        {
            Refused++;
        }
    }

    public void HandleTimeout(TimeSpan now)
    {
        while (_inner.TryPeek(out Inner? inner, out (TimeSpan At, long Sequence) first) && first.At <= now)
        {
            _inner.Dequeue();
            if (inner.IsHairpin)
            {
                HandleDatagram(now, inner.To, inner.From, inner.Bytes);
            }
            else if (_byAddress.TryGetValue(inner.To, out ISimulatedNode? node))
            {
                node.HandleDatagram(now, inner.To, inner.From, inner.Bytes);
            }
        }

        foreach (ISimulatedNode node in _nodes)
        {
            if (node.NextTimeout <= now)
            {
                node.HandleTimeout(now);
            }
        }
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        foreach (ISimulatedNode node in _nodes)
        {
            while (_outgoing.Count == 0 && node.TryPollTransmit(now, _buffer, out Transmit inner))
            {
                for (int offset = 0; offset < inner.Length; offset += inner.SegmentSize)
                {
                    Route(now, inner.Local, inner.Remote, _buffer.AsSpan(offset, Math.Min(inner.SegmentSize, inner.Length - offset)).ToArray());
                }
            }
        }

        transmit = default;
        if (!_outgoing.TryDequeue(out (TransportAddress From, TransportAddress To, byte[] Bytes) next))
        {
            return false;
        }

        next.Bytes.CopyTo(buffer);
        transmit = new Transmit(next.From, next.To, next.Bytes.Length, next.Bytes.Length);
        return true;
    }

    private static bool IsSameSubnet(TransportAddress a, TransportAddress b) => a.Address.GetAddressBytes().AsSpan(0, 3).SequenceEqual(b.Address.GetAddressBytes().AsSpan(0, 3));

    private static bool IsPrivate(TransportAddress address) => address.Address.GetAddressBytes()[0] == 10;

    private void Route(TimeSpan now, TransportAddress from, TransportAddress to, byte[] bytes)
    {
        if (to.IsIPv6)
        {
            return;
        }

        if (IsPrivate(to))
        {
            if (IsSameSubnet(from, to))
            {
                _inner.Enqueue(new Inner(from, to, bytes, IsHairpin: false), (now + InnerLatency, _sequence++));
            }

            return; // a private address elsewhere is not routed
        }

        TransportAddress mapped = Map(now, from, to);
        if (to.WithPort(0) != _external)
        {
            _outgoing.Enqueue((mapped, to, bytes));
        }
        else if (_hairpins)
        {
            // RFC 4787 REQ-9: the receiver sees the sender's external address.
            _inner.Enqueue(new Inner(mapped, to, bytes, IsHairpin: true), (now + InnerLatency, _sequence++));
            Hairpinned++;
        }
    }

    private TransportAddress Map(TimeSpan now, TransportAddress from, TransportAddress to)
    {
        _mappings.RemoveAll(m => now - m.LastUsed > MappingLifetime);
        Mapping? mapping = _mappings.Find(m => m.Internal == from && (_type != SimulatedNatType.Symmetric || m.Remotes.Contains(to)));
        if (mapping is null)
        {
            if (_nextPort == FirstPort + Ports)
            {
                throw new InvalidOperationException($"The simulated NAT has only {Ports} ports.");
            }

            mapping = new Mapping(from, _external.WithPort(_nextPort++));
            _mappings.Add(mapping);
        }

        mapping.Remotes.Add(to);
        mapping.LastUsed = now;
        return mapping.External;
    }

    private bool TryDeliver(TimeSpan now, TransportAddress external, TransportAddress remote, Span<byte> datagram)
    {
        Mapping? mapping = _mappings.Find(m => m.External == external && now - m.LastUsed <= MappingLifetime);
        bool passes = mapping is not null && _type switch
        {
            SimulatedNatType.FullCone => true,
            SimulatedNatType.AddressRestricted => mapping.Remotes.Any(r => r.WithPort(0) == remote.WithPort(0)),
            _ => mapping.Remotes.Contains(remote),
        };
        if (!passes || !_byAddress.TryGetValue(mapping!.Internal, out ISimulatedNode? node))
        {
            return false;
        }

        node.HandleDatagram(now, mapping.Internal, remote, datagram);
        return true;
    }

    private sealed record Inner(TransportAddress From, TransportAddress To, byte[] Bytes, bool IsHairpin);

    private sealed class Mapping(TransportAddress @internal, TransportAddress external)
    {
        public TransportAddress Internal { get; } = @internal;

        public TransportAddress External { get; } = external;

        /// <summary>Whom the host has sent to through it.</summary>
        public HashSet<TransportAddress> Remotes { get; } = [];

        public TimeSpan LastUsed { get; set; }
    }
}
