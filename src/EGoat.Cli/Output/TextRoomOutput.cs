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
    private readonly HashSet<string> _present = [];
    private bool _isReconnecting;

    public TextRoomOutput(TextWriter lines, TextOutputOptions options)
    {
        _lines = lines;
        _options = options;
        _format = new ChatLines(hasColor: false, options.Time);
        _report = new TransferReport(Tell, options.Done, options.Time) { IsVerbose = options.IsVerbose, TellsAll = options.Terminal is null, EndsWhenQuiet = options.EndsWhenQuiet };
        _display = options.Terminal is { } terminal && !options.IsQuiet ? new ProgressDisplay(terminal, _report.Totals, options.Time) : null;
    }

    public override TransferTotals Totals => _report.Totals;

    public override void ShowJoined(Room room) => Tell($"Joined the room {room.Name} as {VisibleText.Line(room.DisplayName)}. {(room.IsKeyed ? "Only who has its link can join." : "It is open: whoever knows its name and server can join.")}");

    public override void Show(RoomEvent e)
    {
        switch (e)
        {
            case RoomMessageReceived { Message: var message }:
                Say($"{VisibleText.Line(message.From)}: {VisibleText.Text(message.Text, "    ")}{(message.Kept ? "" : " (not kept yet)")}");
                break;
            case RoomPeerChanged { Peer: var peer }:
                ShowPeer(peer);
                break;
            case RoomTransferChanged { Transfer: var transfer }:
                if (transfer.IsEnded && transfer.State != EGoatTransferState.Completed && _options.IsQuiet)
                {
                    Warn(TransferLine.Describe(transfer));
                }

                _report.Note(transfer);
                _display?.Update();
                break;
            case RoomStateChanged { State: var state }:
                ShowState(state);
                break;
            case RoomEventsLost { Count: var count }:
                Warn($"{count:N0} lines came too fast to be shown; messages among them are in the history.");
                break;
            case RoomWarning { Text: var text }:
                Warn(text);
                break;
            default:
                break;
        }
    }

    public override void ShowUnconfirmed(IReadOnlyList<EGoatDelivery> deliveries)
    {
        foreach (string line in DescribeUnconfirmed(deliveries))
        {
            Warn(line);
        }
    }

    public override void ShowSummary(int leftOut) => _report.End(leftOut);

    public override void Say(string text) => Line(_lines, text);

    public override void Warn(string text) => Line(Console.Error, $"egoat: {text}");

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

    private void ShowPeer(EGoatPeer peer)
    {
        if (peer.State == EGoatPeerState.Connected && _present.Add(peer.Id))
        {
            Tell($"{VisibleText.Line(peer.Name)} is here.");
        }
        else if (peer.State is EGoatPeerState.Left or EGoatPeerState.Disconnected && _present.Remove(peer.Id))
        {
            Tell($"{VisibleText.Line(peer.Name)} is gone.");
        }
    }

    private void ShowState(EGoatRoomState state)
    {
        bool wasReconnecting = _isReconnecting;
        _isReconnecting = state == EGoatRoomState.Reconnecting;
        if (_isReconnecting)
        {
            Warn("The signaling server is out of reach. Connected peers stay; newcomers can join when it is back.");
        }
        else if (wasReconnecting && state == EGoatRoomState.Joined)
        {
            Tell("The signaling server is back.");
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
