using System.Threading.Channels;

namespace EGoat.Mesh;

/// <summary>
/// The events of a room in order, from the moment of subscribing. Bounded: a subscriber that does not keep up delays the
/// room's other subscribers, never the network.
/// </summary>
public sealed class RoomSubscription : IDisposable
{
    private readonly Channel<RoomEvent> _events;
    private readonly Action<RoomSubscription> _remove;

    internal RoomSubscription(int capacity, Action<RoomSubscription> remove)
    {
        _events = Channel.CreateBounded<RoomEvent>(capacity);
        _remove = remove;
    }

    /// <summary>The events; ends when the room is left or the subscription disposed of.</summary>
    public IAsyncEnumerable<RoomEvent> ReadAllAsync(CancellationToken cancellationToken) => _events.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Takes an event that has come already.</summary>
    public bool TryRead(out RoomEvent? e) => _events.Reader.TryRead(out e);

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        _remove(this);
        Complete();
    }

    internal async ValueTask DeliverAsync(RoomEvent e)
    {
        try
        {
            await _events.Writer.WriteAsync(e).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            // It was disposed of meanwhile.
        }
    }

    internal void Complete() => _events.Writer.TryComplete();
}
