using System.Threading.Channels;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh;

/// <summary>
/// Receives texts: the commit to the store comes first, then the receipt, then the text is shown, in the order in which texts came. One that the
/// store does not take is shown all the same, marked so, and confirmed when it does.
/// </summary>
internal sealed class ReceivedTexts
{
    /// <summary>Texts that wait to be stored and shown; peers that send faster are not read meanwhile.</summary>
    private const int MaxWaiting = 1024;

    /// <summary>A sender's clock may be this wrong in either direction; beyond it the time of arrival is shown.</summary>
    private static readonly TimeSpan MaxClockError = TimeSpan.FromDays(1);

    private readonly RoomContext _room;
    private readonly MessageKeeper _keeper;
    private readonly RecentMessages _shown = new();
    private readonly Channel<Arrival> _arrivals = Channel.CreateBounded<Arrival>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });

    public ReceivedTexts(RoomContext room, MessageKeeper keeper)
    {
        _room = room;
        _keeper = keeper;
        room.Background.Run(ShowAsync);
    }

    /// <summary>A peer sends a text; waits while too many wait.</summary>
    public async ValueTask HandleAsync(Peer peer, TextMessage text)
    {
        DateTimeOffset now = _room.Time.GetUtcNow();
        bool isSane = Math.Abs(text.At - now.ToUnixTimeMilliseconds()) <= MaxClockError.TotalMilliseconds;
        var message = new EGoatMessage
        {
            Id = text.Id,
            Room = _room.Name,
            From = peer.Name,
            FromIdentity = peer.Identity,
            Text = text.Text,
            SentAt = isSane ? DateTimeOffset.FromUnixTimeMilliseconds(text.At) : now,
            ReceivedAt = now,
            Direction = EGoatDirection.Received,
            Private = text.Private,
            Kept = false,
        };
        try
        {
            await _arrivals.Writer.WriteAsync(new Arrival(peer, message, _keeper.KeepAsync(message), _room.Time.GetTimestamp()), _room.Left.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The room is being left: without a receipt the sender repeats the text.
        }
    }

    private async Task ShowAsync()
    {
        await foreach (Arrival arrival in _arrivals.Reader.ReadAllAsync(_room.Left.Token).ConfigureAwait(false))
        {
            EGoatMessage? kept = await _keeper.WaitAsync(arrival.Keeping, arrival.At).ConfigureAwait(false);
            if (kept is not null)
            {
                Confirm(arrival);
            }
            else
            {
                _room.Background.Run(() => ConfirmWhenKeptAsync(arrival));
            }

            EGoatMessage message = kept ?? arrival.Message;
            if (_shown.TryAdd(message.FromIdentity, message.Id))
            {
                _room.Events.Publish(new RoomMessageReceived(message));
            }
        }
    }

    private async Task ConfirmWhenKeptAsync(Arrival arrival)
    {
        try
        {
            EGoatMessage kept = await arrival.Keeping.ConfigureAwait(false);
            Confirm(arrival);
            _room.Events.Publish(new RoomMessageKept(kept));
        }
        catch (RoomException e)
        {
            _room.Warn(e.Message);
        }
    }

    // To the member that has sent it; if it is gone, it repeats the text to the next and is confirmed then.
    private static void Confirm(Arrival arrival) => arrival.From.Send(new ReceiptMessage(arrival.Message.Id));

    private sealed record Arrival(Peer From, EGoatMessage Message, Task<EGoatMessage> Keeping, long At);
}
