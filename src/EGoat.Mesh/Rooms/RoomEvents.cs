using System.Threading.Channels;

namespace EGoat.Mesh;

/// <summary>Carries events from whoever causes them to subscribers, in order, on a task of its own.</summary>
internal sealed class RoomEvents
{
    /// <summary>Events that wait; who publishes a message waits, progress is dropped.</summary>
    private const int MaxWaiting = 4096;

    private readonly Channel<RoomEvent> _events = Channel.CreateBounded<RoomEvent>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly List<RoomSubscription> _subscriptions = [];
    private readonly Task _running;

    public RoomEvents(Action<RoomEvent> raise) => _running = Task.Run(() => RunAsync(raise));

    /// <summary>Publishes something that may be dropped if nobody keeps up: a later event tells the same.</summary>
    public void Publish(RoomEvent e) => _events.Writer.TryWrite(e);

    /// <summary>Publishes something that must not be lost.</summary>
    public async ValueTask PublishAsync(RoomEvent e)
    {
        try
        {
            await _events.Writer.WriteAsync(e).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            // The room was left.
        }
    }

    public RoomSubscription Subscribe(int capacity)
    {
        var subscription = new RoomSubscription(capacity, Remove);
        lock (_gate)
        {
            _subscriptions.Add(subscription);
        }

        if (_running.IsCompleted)
        {
            subscription.Complete();
        }

        return subscription;
    }

    public async Task CompleteAsync()
    {
        _events.Writer.TryComplete();
        await _running.ConfigureAwait(false);
    }

    private async Task RunAsync(Action<RoomEvent> raise)
    {
        await foreach (RoomEvent e in _events.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            RoomSubscription[] subscriptions;
            lock (_gate)
            {
                subscriptions = [.. _subscriptions];
            }

            foreach (RoomSubscription subscription in subscriptions)
            {
                await subscription.DeliverAsync(e).ConfigureAwait(false);
            }

            try
            {
                raise(e);
            }
#pragma warning disable CA1031 // What a user's handler throws is the user's; the room goes on.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }

        lock (_gate)
        {
            _subscriptions.ForEach(s => s.Complete());
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
