using EGoat.Mesh;
using EGoat.Terminal;

namespace EGoat.Cli.Output;

/// <summary>Shows what happens in a room to people or to programs.</summary>
internal abstract class RoomOutput : IRoomView, IDisposable
{
    private readonly RoomEventPresenter _presenter;

    protected RoomOutput() => _presenter = new RoomEventPresenter(this);

    /// <summary>All files that have been under way.</summary>
    public abstract TransferTotals Totals { get; }

    /// <summary>The room is joined.</summary>
    public abstract void ShowJoined(Room room);

    /// <summary>Shows an event.</summary>
    public void Show(RoomEvent e) => _presenter.Show(e);

    /// <summary>The outcomes of messages that are not confirmed at the end; each delivery was shown before.</summary>
    public void ShowUnconfirmed(IReadOnlyList<EGoatDelivery> deliveries)
    {
        foreach (string line in DescribeUnconfirmed(deliveries))
        {
            Warn(line);
        }
    }

    /// <summary>The summary of what was sent.</summary>
    public abstract void ShowSummary(int leftOut);

    /// <summary>A line about what connections do, for people who look for a fault. Called on any thread.</summary>
    public abstract void Trace(string line);

    public abstract void Say(string text);

    public abstract void Warn(string text);

    public abstract void ShowMessage(EGoatMessage message);

    public abstract void ShowKept(EGoatMessage message);

    public abstract void ShowDelivery(EGoatDelivery delivery);

    public abstract void ShowPresence(EGoatPeer peer, bool isHere);

    public abstract void ShowTransfer(EGoatTransfer transfer);

    public abstract void ShowState(EGoatRoomState state, bool isBack);

    public abstract void ShowLost(int count);

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
            string reason = g.First().Reason is { } text ? $" {VisibleText.Line(text)}" : "";
            return $"{DisplayText.Count(g.Count(), "message")} {(g.Count() == 1 ? "was" : "were")} not confirmed by {g.Key.Name}.{reason}{(g.Count() == 1 ? waits.Replace("They are", "It is", StringComparison.Ordinal) : waits)}";
        });
}
