namespace EGoat.Keys;

/// <summary>
/// Remembers the salts of what was opened, for each peer id: the last <see cref="MaxSalts"/>, of the <see cref="MaxPeers"/> peers that were
/// heard last. Only what was opened gets in, so that nobody without the key can push anything out.
/// </summary>
internal sealed class ReplayWindow
{
    /// <summary>Salts that are remembered for a peer; beyond it the oldest is forgotten.</summary>
    public const int MaxSalts = 1024;

    /// <summary>Peers whose salts are remembered; beyond it those of the peer that was silent longest are forgotten.</summary>
    public const int MaxPeers = 256;

    private readonly Dictionary<string, LinkedListNode<Seen>> _peers = new(StringComparer.Ordinal);

    /// <summary>The peer that was heard last comes first.</summary>
    private readonly LinkedList<Seen> _order = new();

    /// <summary>All salts that are remembered.</summary>
    public int Count => _order.Sum(s => s.Count);

    /// <summary>Remembers a salt; false when it was remembered already.</summary>
    public bool TryAdd(string peer, ReadOnlySpan<byte> salt)
    {
        var value = new UInt128(BitConverter.ToUInt64(salt), BitConverter.ToUInt64(salt[8..]));
        if (_peers.TryGetValue(peer, out LinkedListNode<Seen>? node))
        {
            _order.Remove(node);
        }
        else
        {
            node = new LinkedListNode<Seen>(new Seen(peer));
            _peers[peer] = node;
        }

        _order.AddFirst(node);
        if (_peers.Count > MaxPeers)
        {
            _peers.Remove(_order.Last!.Value.Peer);
            _order.RemoveLast();
        }

        return node.Value.TryAdd(value);
    }

    private sealed class Seen(string peer)
    {
        private readonly HashSet<UInt128> _salts = [];
        private readonly Queue<UInt128> _inOrder = new();

        public string Peer { get; } = peer;

        public int Count => _inOrder.Count;

        // Half of a salt of 32 random bytes: two that are alike by chance are not to be expected.
        public bool TryAdd(UInt128 salt)
        {
            if (!_salts.Add(salt))
            {
                return false;
            }

            _inOrder.Enqueue(salt);
            if (_inOrder.Count > MaxSalts)
            {
                _salts.Remove(_inOrder.Dequeue());
            }

            return true;
        }
    }
}
