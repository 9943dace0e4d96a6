using EGoat.Mesh.Peers;

namespace EGoat.Mesh;

/// <summary>What has become of one text for each member that it went to: the one place where its outcome is decided.</summary>
/// <remarks>An entry is open until its member has confirmed, or is known not to, for now or for good.</remarks>
internal sealed class SentText
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Peer, EGoatDelivery> _deliveries = [];
    private readonly HashSet<Peer> _open;
    private readonly TaskCompletionSource<IReadOnlyList<EGoatDelivery>> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SentText(EGoatMessage message, IEnumerable<Peer> recipients, TimeProvider time)
    {
        Message = message;
        Time = time;
        foreach (Peer peer in recipients)
        {
            _deliveries[peer] = new EGoatDelivery
            {
                MessageId = message.Id,
                Room = message.Room,
                Peer = peer.Name,
                PeerIdentity = peer.Identity,
                State = EGoatDeliveryState.Waiting,
                At = time.GetUtcNow(),
            };
        }

        _open = [.. _deliveries.Keys];
        CompleteIfDone();
    }

    public EGoatMessage Message { get; }

    /// <summary>The room's clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Completes when no entry is open.</summary>
    public Task<IReadOnlyList<EGoatDelivery>> Outcome => _outcome.Task;

    /// <summary>The outcome for each member so far.</summary>
    public IReadOnlyList<EGoatDelivery> Deliveries => Read(static s => s._deliveries.Values.ToArray());

    /// <summary>The members whose entries are open.</summary>
    public IReadOnlyList<Peer> Open => Read(static s => s._open.ToArray());

    /// <summary>Whether every member has confirmed.</summary>
    public bool IsConfirmed => Read(static s => s._deliveries.Values.All(d => d.State == EGoatDeliveryState.Confirmed));

    /// <summary>Whether a member's entry is open.</summary>
    public bool IsOpen(Peer peer) => Read(s => s._open.Contains(peer));

    /// <summary>What is known of a member that is waited for, to be stored; null when it is not.</summary>
    public EGoatDelivery? DescribeOpen(Peer peer) => Read(s => s._open.Contains(peer) ? s._deliveries[peer] with { Peer = peer.Name, PeerIdentity = peer.Identity } : null);

    /// <summary>
    /// A member has confirmed. When it is not one of those that the text went to, it is a later one of the same identity, and
    /// confirms for that one.
    /// </summary>
    /// <returns>The outcome, if it is new.</returns>
    public EGoatDelivery? Confirm(Peer peer)
    {
        lock (_gate)
        {
            Peer entry = _deliveries.ContainsKey(peer) ? peer : _deliveries.FirstOrDefault(d => d.Value.PeerIdentity == peer.Identity && !_open.Contains(d.Key)).Key ?? peer;
            return SetLocked(entry, EGoatDeliveryState.Confirmed, null);
        }
    }

    /// <summary>A member is not waited for any longer.</summary>
    /// <returns>The outcome, if it is new.</returns>
    public EGoatDelivery? GiveUp(Peer peer, string reason)
    {
        lock (_gate)
        {
            // Another process of the same identity has it: so the identity has. Without an identity nothing can wait.
            bool isKnown = peer.Identity.Length > 0;
            bool hasIt = isKnown && _deliveries.Values.Any(d => d.PeerIdentity == peer.Identity && d.State == EGoatDeliveryState.Confirmed);
            return SetLocked(
                peer,
                hasIt ? EGoatDeliveryState.Confirmed : isKnown ? EGoatDeliveryState.Waiting : EGoatDeliveryState.NotConfirmed,
                hasIt ? null : reason);
        }
    }

    private T Read<T>(Func<SentText, T> read)
    {
        lock (_gate)
        {
            return read(this);
        }
    }

    private EGoatDelivery? SetLocked(Peer peer, EGoatDeliveryState state, string? reason)
    {
        if (!_deliveries.TryGetValue(peer, out EGoatDelivery? delivery) || delivery.State == EGoatDeliveryState.Confirmed)
        {
            return null;
        }

        string identity = peer.Identity.Length > 0 ? peer.Identity : delivery.PeerIdentity;
        delivery = _deliveries[peer] = delivery with { Peer = peer.Name, PeerIdentity = identity, State = state, Reason = reason, At = Time.GetUtcNow() };
        _open.Remove(peer);
        CompleteIfDone();
        return delivery;
    }

    private void CompleteIfDone()
    {
        if (_open.Count == 0)
        {
            _outcome.TrySetResult([.. _deliveries.Values]);
        }
    }
}
