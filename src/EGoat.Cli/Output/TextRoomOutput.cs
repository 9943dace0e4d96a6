using EGoat.Mesh;
using EGoat.Terminal;

namespace EGoat.Cli.Output;

/// <summary>Shows what happens in a room as lines; on a terminal with the progress of transfers below them.</summary>
internal sealed class TextRoomOutput : RoomOutput
{
    private readonly TextWriter _lines;
    private readonly TextOutputOptions _options;
    private readonly TransferReport _report;
    private readonly ProgressDisplay? _display;
    private readonly ChatLines _format;

    /// <summary>Orders lines of several threads.</summary>
    private readonly Lock _gate = new();

    public TextRoomOutput(TextWriter lines, TextOutputOptions options)
    {
        _lines = lines;
        _options = options;
        _format = new ChatLines(hasColor: false, options.Time);
        _report = new TransferReport(Tell, options.Done, options.Time) { IsVerbose = options.IsVerbose, TellsAll = options.Terminal is null, EndsWhenQuiet = options.EndsWhenQuiet };
        _display = options.Terminal is { } terminal && !options.IsQuiet ? new ProgressDisplay(terminal, _report.Totals, options.Time) : null;
    }

    public override TransferTotals Totals => _report.Totals;

    public override void ShowJoined(Room room) => Tell(ChatLines.Joined(room));

    public override void ShowMessage(EGoatMessage message) =>
        Say($"{VisibleText.Line(message.From)}: {VisibleText.Text(message.Text, "    ")}{(message.Kept ? "" : " (not kept yet)")}");

    public override void ShowKept(EGoatMessage message)
    {
        // Its line stands there.
    }

    public override void ShowDelivery(EGoatDelivery delivery)
    {
        // What is not confirmed in the end is told then.
    }

    public override void ShowPresence(EGoatPeer peer, bool isHere) => Tell(ChatLines.Presence(peer, isHere));

    public override void ShowTransfer(EGoatTransfer transfer)
    {
        if (transfer.IsEnded && transfer.State != EGoatTransferState.Completed && _options.IsQuiet)
        {
            Warn(TransferLine.Describe(transfer));
        }

        _report.Note(transfer);
        _display?.Update();
    }

    public override void ShowState(EGoatRoomState state, bool isBack)
    {
        if (state == EGoatRoomState.Reconnecting)
        {
            Warn(ChatLines.ServerAway);
        }
        else if (isBack)
        {
            Tell(ChatLines.ServerBack);
        }
    }

    public override void ShowLost(int count) => Warn(ChatLines.Lost(count));

    public override void ShowSummary(int leftOut) => _report.End(leftOut);

    public override void Say(string text) => Line(_lines, text);

    public override void Trace(string line) => Line(_options.Errors, line);

    public override void Warn(string text) => Line(_options.Errors, $"egoat: {VisibleText.Text(text, "  ")}");

    public override void ShowOffer(FileOffer offer, int number) => Say(ChatLines.Offer(offer, number));

    public override void ShowWithdrawn(FileOffer offer, int number) => Say($"[{number}] is not offered any more.");

    public override void ShowPeers(IReadOnlyList<EGoatPeer> peers) => Say(peers.Count == 0 ? "Nobody else is in the room." : string.Join('\n', peers.Select(_format.Peer)));

    public override void ShowTransfers(IReadOnlyList<(int Number, FileOffer Offer)> offers, IReadOnlyList<(int Number, EGoatTransfer Transfer)> running)
    {
        string[] lines = [.. offers.Select(o => ChatLines.Offer(o.Offer, o.Number)), .. running.Select(t => ChatLines.Running(t.Transfer, t.Number))];
        Say(lines.Length == 0 ? "Nothing is offered, and nothing runs." : string.Join('\n', lines));
    }

    public override void ShowHistory(IReadOnlyList<EGoatMessage> messages) => Say(messages.Count == 0 ? "Nothing was found." : string.Join('\n', messages.Select(m => _format.Message(m))));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _report.Dispose();
            _display?.Dispose();
        }
    }

    // What people need not see when they want silence.
    private void Tell(string text)
    {
        if (!_options.IsQuiet)
        {
            Say(text);
        }
    }

    // On a terminal both outputs are the same screen, and the progress has to know of what is written on it.
    private void Line(TextWriter writer, string text)
    {
        lock (_gate)
        {
            if (_display is not null && (writer == _lines || !Console.IsErrorRedirected))
            {
                _display.WriteLine(text);
            }
            else
            {
                writer.WriteLine(text);
                writer.Flush();
            }
        }
    }
}
