namespace EGoat.Mesh;

/// <summary>Gives the events of a room to its subscribers. Publishing never waits: each subscriber has a queue of its own.</summary>
internal sealed class RoomEvents
{
    private readonly Lock _gate = new();
    private readonly List<RoomSubscription> _subscriptions = [];
    private bool _isCompleted;

    /// <summary>Publishes an event, after those that were published before.</summary>
    public void Publish(RoomEvent e)
    {
        // Under the lock, so that all subscribers see the same order; none of them is called for it.
        lock (_gate)
        {
            foreach (RoomSubscription subscription in _subscriptions)
            {
                subscription.Publish(e);
            }
        }
    }

    public RoomSubscription Subscribe(int capacity)
    {
        var subscription = new RoomSubscription(capacity, Remove);
        lock (_gate)
        {
            if (_isCompleted)
            {
                subscription.Complete();
            }
            else
            {
                _subscriptions.Add(subscription);
            }
        }

        return subscription;
    }

    /// <summary>Nothing more comes: subscribers read what they have and end.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isCompleted = true;
            _subscriptions.ForEach(s => s.Complete());
            _subscriptions.Clear();
        }
    }

    private void Remove(RoomSubscription subscription)
    {
        lock (_gate)
        {
            _subscriptions.Remove(subscription);
        }
    }
}
