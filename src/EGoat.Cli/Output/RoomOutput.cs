using EGoat.Mesh;
using EGoat.Terminal;

namespace EGoat.Cli.Output;

/// <summary>Shows what happens in a room to people or to programs.</summary>
internal abstract class RoomOutput : IChatOutput, IDisposable
{
    /// <summary>All files that have been under way.</summary>
    public abstract TransferTotals Totals { get; }

    /// <summary>The room is joined.</summary>
    public abstract void ShowJoined(Room room);

    /// <summary>Shows an event.</summary>
    public abstract void Show(RoomEvent e);

    /// <summary>The outcomes of messages that are not confirmed at the end.</summary>
    public abstract void ShowUnconfirmed(IReadOnlyList<EGoatDelivery> deliveries);

    /// <summary>The summary of what was sent.</summary>
    public abstract void ShowSummary(int leftOut);

    public abstract void Say(string text);

    public abstract void Warn(string text);

    public abstract void ShowOffer(FileOffer offer, int number);

    public abstract void ShowWithdrawn(FileOffer offer, int number);

    public abstract void ShowPeers(IReadOnlyList<EGoatPeer> peers);

    public abstract void ShowTransfers(IReadOnlyList<(int Number, FileOffer Offer)> offers, IReadOnlyList<(int Number, EGoatTransfer Transfer)> running);

    public abstract void ShowHistory(IReadOnlyList<EGoatMessage> messages);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Shows everything that comes until the room is left.</summary>
    public async Task ShowAllAsync(RoomSubscription events)
    {
        await foreach (RoomEvent e in events.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            Show(e);
        }
    }

    protected abstract void Dispose(bool disposing);

    /// <summary>Who has not confirmed how many messages, as lines.</summary>
    public static IEnumerable<string> DescribeUnconfirmed(IReadOnlyList<EGoatDelivery> deliveries) => deliveries
        .GroupBy(d => (d.PeerIdentity, Name: d.Peer.Length > 0 ? VisibleText.Line(d.Peer) : "a member that never said its name"))
        .Select(g =>
        {
            string waits = g.All(d => d.State == EGoatDeliveryState.Waiting) ? " They are sent again when it is met in the room again." : "";
            string reason = g.First().Reason is { } text ? $" {text}" : "";
            return $"{DisplayText.Count(g.Count(), "message")} {(g.Count() == 1 ? "was" : "were")} not confirmed by {g.Key.Name}.{reason}{(g.Count() == 1 ? waits.Replace("They are", "It is", StringComparison.Ordinal) : waits)}";
        });
}
