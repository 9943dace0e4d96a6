using System.Text;
using EGoat.WebRtc;

namespace EGoat.Testing;

/// <summary>
/// Hosts, links and a clock in memory. Nothing happens by itself: <c>Run</c> steps from event to event, so that a
/// test of minutes takes milliseconds and repeats exactly for a seed. Nodes may be attached and detached from any thread.
/// </summary>
public sealed class SimulatedNetwork(int seed, NetworkConditions? conditions = null)
{
    private const int MaxDatagram = 64 * 1024;
    private const int TracedDatagrams = 20;

    /// <summary>Held while the network runs and while its nodes change; the locks of nodes are taken under it.</summary>
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private readonly PriorityQueue<Delivery, (TimeSpan At, long Sequence)> _inFlight = new();
    private readonly Dictionary<TransportAddress, ISimulatedNode> _nodes = [];
    private readonly HashSet<TransportAddress> _detached = [];
    private readonly List<ISimulatedNode> _all = [];
    private readonly Dictionary<object, Link> _links = [];
    private readonly Queue<Traced> _trace = new();
    private readonly byte[] _buffer = new byte[MaxDatagram * 2];
    private long _sequence;

    /// <summary>The virtual time.</summary>
    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(1);

    /// <summary>Applies to every path; may change while the test runs.</summary>
    public NetworkConditions Conditions { get; set; } = conditions ?? NetworkConditions.Perfect;

    /// <summary>Sees every datagram before the conditions do; false drops it.</summary>
    public Func<SimulatedDatagram, bool>? Filter { get; set; }

    /// <summary>Which paths share a bottleneck: those for which it returns equal keys. Each has its own by default.</summary>
    public Func<TransportAddress, TransportAddress, object> Bottleneck { get; set; } = static (from, to) => (from, to);

    /// <summary>Datagrams that found the queue of a bottleneck full.</summary>
    public long Overflows { get; private set; }

    /// <summary>The longest that a datagram had to wait in the queue of a bottleneck; set to zero, it counts anew.</summary>
    public TimeSpan LongestWait { get; set; }

    /// <summary>Datagrams that were given to the network, and those of them that it lost.</summary>
    public (long Sent, long Lost) Count { get; private set; }

    /// <summary>Connects a node at these addresses, besides those that it has.</summary>
    public void Attach(ISimulatedNode node, params ReadOnlySpan<TransportAddress> addresses)
    {
        lock (_gate)
        {
            if (!_all.Contains(node))
            {
                _all.Add(node);
            }

            foreach (TransportAddress address in addresses)
            {
                _nodes.Add(address, node);
                _detached.Remove(address);
            }
        }
    }

    /// <summary>Takes an address away from its node: what is on its way there is lost, and what is sent from it.</summary>
    public void Detach(TransportAddress address)
    {
        lock (_gate)
        {
            _nodes.Remove(address);
            _detached.Add(address);
        }
    }

    /// <summary>When something happens next; in the past when a node has something to send.</summary>
    public TimeSpan FindNextEvent()
    {
        lock (_gate)
        {
            return NextEvent();
        }
    }

    /// <summary>Runs until the condition holds. False when it does not within the limit of virtual time.</summary>
    public bool Run(Func<bool> until, TimeSpan limit)
    {
        lock (_gate)
        {
            return RunLocked(until, limit);
        }
    }

    /// <summary>Runs for a time.</summary>
    public void Run(TimeSpan duration) => Run(() => false, duration);

    /// <summary>The seed, the time and the last datagrams, for the message of a failed assertion.</summary>
    public string Describe()
    {
        lock (_gate)
        {
            var text = new StringBuilder().AppendLine($"seed {seed}, {Now.TotalSeconds:F3} s, sent {Count.Sent}, lost {Count.Lost}");
            foreach (Traced t in _trace)
            {
                text.AppendLine($"{t.At.TotalMilliseconds,10:F1} ms  {t.From} -> {t.To}  {t.Length} bytes, first {t.First} {t.Fate}");
            }

            return text.ToString();
        }
    }

    private bool RunLocked(Func<bool> until, TimeSpan limit)
    {
        TimeSpan end = Now + limit;
        while (true)
        {
            DrainAll();
            if (until())
            {
                return true;
            }

            TimeSpan next = NextEvent();
            if (next > end)
            {
                Now = end;
                return false;
            }

            Now = next > Now ? next : Now;
            Deliver();
            foreach (ISimulatedNode node in _all)
            {
                if (node.NextTimeout <= Now)
                {
                    node.HandleTimeout(Now);
                }
            }
        }
    }

    private TimeSpan NextEvent()
    {
        TimeSpan next = _inFlight.TryPeek(out _, out (TimeSpan At, long Sequence) first) ? first.At : TimeSpan.MaxValue;
        foreach (ISimulatedNode node in _all)
        {
            if (node.NextTimeout is { } timeout && timeout < next)
            {
                next = timeout;
            }
        }

        return next;
    }

    // A batch: everything that has arrived by now is handed over before anything is sent, as a receive loop does.
    private void Deliver()
    {
        while (_inFlight.TryPeek(out Delivery? delivery, out (TimeSpan At, long Sequence) key) && key.At <= Now)
        {
            _inFlight.Dequeue();
            if (_nodes.TryGetValue(delivery.To, out ISimulatedNode? node))
            {
                node.HandleDatagram(Now, delivery.To, delivery.From, delivery.Bytes.ToArray());
            }
        }
    }

    private void DrainAll()
    {
        foreach (ISimulatedNode node in _all)
        {
            while (node.TryPollTransmit(Now, _buffer, out Transmit transmit))
            {
                for (int offset = 0; offset < transmit.Length; offset += transmit.SegmentSize)
                {
                    int length = Math.Min(transmit.SegmentSize, transmit.Length - offset);
                    Send(transmit.Local, transmit.Remote, _buffer.AsSpan(offset, length).ToArray(), transmit.MayFragment);
                }
            }
        }
    }

    private void Send(TransportAddress from, TransportAddress to, byte[] bytes, bool mayFragment)
    {
        (long sent, long lost) = Count;
        if (_detached.Contains(from) || !Survives(from, to, bytes, mayFragment, out Link link))
        {
            Count = (sent + 1, lost + 1);
            Trace(from, to, bytes, "lost");
            return;
        }

        Count = (sent + 1, lost);
        TimeSpan arrival = link.Free + Conditions.Latency + (Conditions.Jitter * _random.NextDouble());
        if (_random.NextDouble() < Conditions.Reordering)
        {
            arrival += Conditions.Latency * (0.2 + _random.NextDouble());
            Trace(from, to, bytes, "held back");
        }
        else
        {
            // Jitter stretches and never reorders: a datagram that is not held back stays behind its predecessor.
            arrival = arrival > link.LastArrival ? arrival : link.LastArrival;
            link.LastArrival = arrival;
            Trace(from, to, bytes, "");
        }

        Schedule(from, to, bytes, arrival);
        if (_random.NextDouble() < Conditions.Duplication)
        {
            Schedule(from, to, bytes, arrival + (Conditions.Latency * _random.NextDouble()));
        }
    }

    private bool Survives(TransportAddress from, TransportAddress to, byte[] bytes, bool mayFragment, out Link link)
    {
        object key = Bottleneck(from, to);
        if (!_links.TryGetValue(key, out link!))
        {
            link = _links[key] = new Link();
        }

        if (Filter is not null && !Filter(new SimulatedDatagram(Now, from, to, bytes, mayFragment)))
        {
            return false;
        }

        link.Free = link.Free > Now ? link.Free : Now;
        if (Conditions.RateBytesPerSecond is { } rate)
        {
            const int ipAndUdpHeaders = 28;
            TimeSpan wait = link.Free - Now;
            if (wait.TotalSeconds * rate > Conditions.QueueBytes)
            {
                Overflows++;
                return false;
            }

            LongestWait = wait > LongestWait ? wait : LongestWait;

            link.Free += TimeSpan.FromSeconds((bytes.Length + ipAndUdpHeaders) / rate);
        }

        return _random.NextDouble() >= Conditions.Loss;
    }

    private void Schedule(TransportAddress from, TransportAddress to, byte[] bytes, TimeSpan arrival) =>
        _inFlight.Enqueue(new Delivery(from, to, bytes), (arrival, _sequence++));

    private void Trace(TransportAddress from, TransportAddress to, byte[] bytes, string fate)
    {
        if (_trace.Count == TracedDatagrams)
        {
            _trace.Dequeue();
        }

        _trace.Enqueue(new Traced(Now, from, to, bytes.Length, bytes.Length > 0 ? bytes[0] : (byte)0, fate));
    }

    private readonly record struct Traced(TimeSpan At, TransportAddress From, TransportAddress To, int Length, byte First, string Fate);

    private sealed record Delivery(TransportAddress From, TransportAddress To, byte[] Bytes);

    private sealed class Link
    {
        public TimeSpan Free { get; set; }

        public TimeSpan LastArrival { get; set; }
    }
}
