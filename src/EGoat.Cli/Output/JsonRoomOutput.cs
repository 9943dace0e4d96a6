using System.Text.Json.Nodes;
using EGoat.Mesh;
using EGoat.Terminal;

namespace EGoat.Cli.Output;

/// <summary>Shows what happens in a room as JSON, an event a line (docs/json.md).</summary>
internal sealed class JsonRoomOutput : RoomOutput
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    private readonly TextWriter _lines;
    private readonly ITimer _timer;

    /// <summary>Guards the fields below, and orders lines of several threads.</summary>
    private readonly Lock _gate = new();
    private bool _isTicking;

    public JsonRoomOutput(TextWriter lines, TimeProvider time)
    {
        _lines = lines;
        Totals = new TransferTotals(time);
        _timer = time.CreateTimer(_ => ShowProgress(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override TransferTotals Totals { get; }

    public override void ShowJoined(Room room) =>
        Line(new JsonObject { ["event"] = "joined", ["room"] = room.Name, ["peer"] = room.PeerId, ["identity"] = room.Identity, ["name"] = room.DisplayName });

    public override void ShowMessage(EGoatMessage message) => Line(EventJson.Message("message", message));

    public override void ShowKept(EGoatMessage message) => Line(EventJson.Message("kept", message));

    public override void ShowDelivery(EGoatDelivery delivery) => Line(EventJson.Delivery(delivery));

    public override void ShowPresence(EGoatPeer peer, bool isHere) => Line(EventJson.Peer(isHere ? "join" : "leave", peer));

    public override void ShowTransfer(EGoatTransfer transfer)
    {
        Totals.Note(transfer);
        if (transfer.IsEnded)
        {
            Line(EventJson.Transfer(transfer));
        }

        lock (_gate)
        {
            if (!_isTicking && Totals.IsRunning)
            {
                _isTicking = true;
                _timer.Change(ProgressInterval, ProgressInterval);
            }
        }
    }

    public override void ShowState(EGoatRoomState state, bool isBack) => Line(new JsonObject { ["event"] = "state", ["state"] = state.ToString() });

    public override void ShowLost(int count) => Line(new JsonObject { ["event"] = "lost", ["count"] = count });

    public override void ShowSummary(int leftOut)
    {
        TransferSummary summary = Totals.Read();
        Line(new JsonObject
        {
            ["event"] = "summary",
            ["files"] = summary.Completed,
            ["notDone"] = summary.NotCompleted + leftOut,
            ["bytes"] = summary.Bytes,
            ["seconds"] = Math.Round(summary.Elapsed.TotalSeconds, 3),
        });
    }

    // No event: events are for programs.
    public override void Trace(string line) => Console.Error.WriteLine(line);

    public override void Say(string text) => Line(new JsonObject { ["event"] = "info", ["text"] = text });

    public override void Warn(string text) => Line(EventJson.Warning(text));

    public override void ShowOffer(FileOffer offer, int number) => Line(new JsonObject
    {
        ["event"] = "offer",
        ["id"] = offer.Id,
        ["number"] = number,
        ["peer"] = offer.Peer.Name,
        ["identity"] = offer.Peer.Identity,
        ["length"] = offer.TotalLength,
        ["files"] = new JsonArray([.. offer.Files.Select(f => new JsonObject { ["path"] = f.Path, ["length"] = f.Length, ["isFolder"] = f.IsFolder })]),
    });

    public override void ShowWithdrawn(FileOffer offer, int number) => Line(new JsonObject { ["event"] = "withdrawn", ["id"] = offer.Id, ["number"] = number });

    public override void ShowPeers(IReadOnlyList<EGoatPeer> peers)
    {
        foreach (EGoatPeer peer in peers)
        {
            Line(EventJson.Peer("peer", peer));
        }
    }

    public override void ShowTransfers(IReadOnlyList<(int Number, FileOffer Offer)> offers, IReadOnlyList<(int Number, EGoatTransfer Transfer)> running)
    {
        foreach ((int number, FileOffer offer) in offers)
        {
            ShowOffer(offer, number);
        }

        foreach ((_, EGoatTransfer transfer) in running)
        {
            Line(EventJson.Transfer(transfer));
        }

        Line(new JsonObject { ["event"] = "transfers", ["offered"] = offers.Count, ["running"] = running.Count });
    }

    public override void ShowHistory(IReadOnlyList<EGoatMessage> messages)
    {
        foreach (EGoatMessage message in messages)
        {
            Line(EventJson.Message("history", message));
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _timer.Dispose();
        }
    }

    private void ShowProgress()
    {
        lock (_gate)
        {
            if (!Totals.IsRunning)
            {
                _isTicking = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                return;
            }

            TransferSummary summary = Totals.Read();
            Line(new JsonObject
            {
                ["event"] = "progress",
                ["files"] = summary.Files,
                ["filesDone"] = summary.Completed,
                ["bytes"] = summary.Bytes,
                ["length"] = summary.Length,
                ["rate"] = Math.Round(summary.Rate),
                ["secondsLeft"] = summary.TimeLeft is { } left ? Math.Round(left.TotalSeconds) : null,
                ["running"] = new JsonArray([.. summary.Running.Take(ProgressRows.MaxFiles).Select(t => new JsonObject
                {
                    ["id"] = t.Id,
                    ["name"] = t.Name,
                    ["peer"] = t.Peer,
                    ["bytes"] = t.BytesTransferred + t.BytesResumed,
                    ["length"] = t.Length,
                })]),
            });
        }
    }

    private void Line(JsonObject line) => Line(EventJson.Object(line));

    private void Line(string line)
    {
        lock (_gate)
        {
            _lines.WriteLine(line);
            _lines.Flush();
        }
    }
}
