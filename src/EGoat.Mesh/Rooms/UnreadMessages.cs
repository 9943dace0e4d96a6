using System.Threading.Channels;

namespace EGoat.Mesh;

/// <summary>Messages of a room that nobody has taken yet: the newest 10,000; older ones are in the history.</summary>
public sealed class UnreadMessages
{
    private const int Capacity = 10_000;

    private readonly Channel<EGoatMessage> _messages = Channel.CreateBounded<EGoatMessage>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest });

    internal UnreadMessages()
    {
    }

    /// <summary>Takes the oldest one.</summary>
    public bool TryTake(out EGoatMessage? message) => _messages.Reader.TryRead(out message);

    /// <summary>Takes the oldest one, or the next that comes; null when the room is left.</summary>
    public async ValueTask<EGoatMessage?> TakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _messages.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    internal void Add(EGoatMessage message) => _messages.Writer.TryWrite(message);

    internal void Complete() => _messages.Writer.TryComplete();
}
