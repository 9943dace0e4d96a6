using EGoat.Mesh;

namespace EGoat.Terminal;

/// <summary>A chat on a terminal, until its user leaves: a room's events above, a line to type below.</summary>
public sealed class ChatSession : IDisposable
{
    /// <summary>Own messages that wait for their tick and are shown between the lines and what is typed.</summary>
    private const int MaxPendingShown = 3;
    private const string Dim = "2";

    private readonly Room _room;
    private readonly IRoomStore _history;
    private readonly ChatSessionOptions _options;
    private readonly ChatScreen _screen;
    private readonly ChatLines _lines;
    private readonly ChatTransfers _transfers;
    private readonly ChatCommands _commands;
    private readonly TransferReport _report;
    private readonly RoomEventPresenter _presenter;

    /// <summary>Guards the fields below.</summary>
    private readonly Lock _gate = new();
    private readonly List<(string Id, string Text)> _pending = [];

    /// <summary>Own messages that were shown without a tick, by id, and how many have still to confirm each.</summary>
    private readonly Dictionary<string, (string Text, HashSet<string> Missing)> _unconfirmed = [];
    private bool _isReconnecting;
    private Task _shown = Task.CompletedTask;

    /// <summary>Creates one.</summary>
    /// <param name="room">The room.</param>
    /// <param name="history">What was said before.</param>
    /// <param name="terminal">The terminal; disposed of with the session.</param>
    /// <param name="options">How.</param>
    public ChatSession(Room room, IRoomStore history, ITerminal terminal, ChatSessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(terminal);
        _room = room;
        _history = history;
        _options = options;
        _lines = new ChatLines(terminal.HasColor, options.Time);
        var completer = new ChatCompleter(() => room.Peers.Select(p => p.Name));
        _screen = new ChatScreen(terminal, options.Time) { MaxTextBytes = Room.MaxTextBytes, Completer = completer.Complete };
        var output = new View(this);
        _presenter = new RoomEventPresenter(output);
        _transfers = new ChatTransfers(room, output);
        _commands = new ChatCommands(room, history, _transfers, output) { Timeout = options.Timeout };
        _report = new TransferReport(_screen.WriteLine, "done", options.Time) { EndsWhenQuiet = true, Ended = ShowStatus };
    }

    /// <summary>What is being sent.</summary>
    public Task Sending => _commands.Sending;

    /// <summary>Writes a line above what is typed. Called on any thread.</summary>
    public void WriteLine(string text) => _screen.WriteLine(VisibleText.Text(text, "    "));

    /// <summary>Writes a warning above what is typed. Called on any thread.</summary>
    public void Warn(string text) => _screen.WriteLine(_lines.Style("33", $"egoat: {VisibleText.Text(text, "    ")}"));

    /// <summary>Runs it until its user leaves, or the input ends.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using RoomSubscription events = _room.Subscribe();
        if (_options.Ask is { } ask)
        {
            _room.SetReceive(ask with { Ask = _transfers.AskAsync });
        }

        await ShowRecentAsync(cancellationToken).ConfigureAwait(false);
        _screen.WriteLine(_lines.Note($"{ChatLines.Joined(_room)} /help shows what can be typed."));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task showing = ShowAsync(events, stop.Token);
        try
        {
            await foreach (ChatInput input in _screen.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                string? text = input.Text;
                if (input.IsTyped && input.Text.StartsWith('/'))
                {
                    (text, bool isQuit) = await _commands.ExecuteAsync(input.Text, cancellationToken).ConfigureAwait(false);
                    _screen.Prompt = _commands.To is { } to ? $"to {VisibleText.Line(to)}> " : "> ";
                    if (isQuit)
                    {
                        break;
                    }
                }

                if (!string.IsNullOrEmpty(text))
                {
                    await SendAsync(text, cancellationToken).ConfigureAwait(false);
                }
            }

            if (!Sending.IsCompleted)
            {
                Warn("What is being sent ends first; Ctrl+C leaves at once.");
                await Sending.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            await _shown.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await showing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _report.Dispose();
        _screen.Dispose();
    }

    private async Task ShowRecentAsync(CancellationToken cancellationToken)
    {
        if (_options.RecentMessages == 0)
        {
            return;
        }

        var messages = new List<EGoatMessage>();
        var query = new HistoryQuery { Room = _room.Name, NewestFirst = true, Take = _options.RecentMessages };
        await foreach (EGoatMessage message in _history.QueryMessagesAsync(query, cancellationToken).ConfigureAwait(false))
        {
            messages.Add(message);
        }

        messages.Reverse();
        await ShowHistoryAsync(messages, cancellationToken).ConfigureAwait(false);
    }

    private async Task ShowHistoryAsync(List<EGoatMessage> messages, CancellationToken cancellationToken)
    {
        string[] sent = [.. messages.Where(m => m.Direction == EGoatDirection.Sent).Select(m => m.Id)];
        ILookup<string, EGoatDelivery> deliveries = (await _history.GetDeliveriesAsync(sent, cancellationToken).ConfigureAwait(false)).ToLookup(d => d.MessageId);
        foreach (EGoatMessage message in messages)
        {
            EGoatDelivery[] outcome = [.. deliveries[message.Id]];
            string? to = message.Private && outcome.Length > 0 ? outcome[0].Peer : null;
            _screen.WriteLine(_lines.Message(message, to, Describe(outcome)));
        }
    }

    private async Task SendAsync(string text, CancellationToken cancellationToken)
    {
        SentMessage sent;
        try
        {
            sent = await _room.SendTextAsync(text, _commands.To, cancellationToken).ConfigureAwait(false);
        }
        catch (RoomException e)
        {
            Warn(e.Message);
            return;
        }

        lock (_gate)
        {
            _pending.Add((sent.Message.Id, text));
            _shown = ShowSentAsync(sent, _shown, cancellationToken);
        }

        ShowStatus();
    }

    // In the order of sending: one that is confirmed waits for those before it.
    private async Task ShowSentAsync(SentMessage sent, Task before, CancellationToken cancellationToken)
    {
        string note = "Nobody is here; it is kept in the history only";
        IReadOnlyList<EGoatDelivery> outcome = [];
        if (sent.Recipients.Count > 0)
        {
            try
            {
                outcome = await sent.WaitAsync(_options.TickTime, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                outcome = sent.Deliveries;
            }

            note = Describe(outcome);
        }

        await before.ConfigureAwait(false);
        lock (_gate)
        {
            _pending.RemoveAll(p => p.Id == sent.Message.Id);
            HashSet<string> missing = [.. outcome.Where(d => d.State != EGoatDeliveryState.Confirmed).Select(d => d.PeerIdentity)];
            if (missing.Count > 0)
            {
                _unconfirmed[sent.Message.Id] = (sent.Message.Text, missing);
            }

            // Under the lock: what is confirmed meanwhile is told after it.
            _screen.WriteLine(_lines.Message(sent.Message, sent.Message.Private ? sent.Recipients[0].Name : null, note));
        }

        ShowStatus();
    }

    private static string Describe(IReadOnlyCollection<EGoatDelivery> outcome)
    {
        if (outcome.Count == 0)
        {
            return "";
        }

        EGoatDelivery[] waiting = [.. outcome.Where(d => d.State == EGoatDeliveryState.Waiting)];
        EGoatDelivery[] never = [.. outcome.Where(d => d.State == EGoatDeliveryState.NotConfirmed)];
        return waiting.Length == 0 && never.Length == 0 ? ChatLines.Tick
            : never.Length == 0 ? $"waiting for {Names(waiting)}"
            : $"not confirmed by {Names(never)}{(waiting.Length > 0 ? $", waiting for {Names(waiting)}" : "")}";

        static string Names(EGoatDelivery[] of) => string.Join(", ", of.Select(d => d.Peer.Length > 0 ? VisibleText.Line(d.Peer) : "a member without a name").Distinct());
    }

    private async Task ShowAsync(RoomSubscription events, CancellationToken cancellationToken)
    {
        await foreach (RoomEvent e in events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            _presenter.Show(e);
        }
    }

    private void NoteConfirmed(EGoatDelivery delivery)
    {
        lock (_gate)
        {
            if (_unconfirmed.TryGetValue(delivery.MessageId, out (string Text, HashSet<string> Missing) message) && message.Missing.Remove(delivery.PeerIdentity) && message.Missing.Count == 0)
            {
                _unconfirmed.Remove(delivery.MessageId);
                _screen.WriteLine(_lines.Note($"{ChatLines.Tick} {VisibleText.Line(delivery.Peer)} has “{DisplayText.Truncate(VisibleText.Line(message.Text), 40)}”."));
            }
        }
    }

    private void ShowTransfer(EGoatTransfer transfer)
    {
        if (transfer is { State: EGoatTransferState.Offered, Direction: EGoatDirection.Sent } && !_report.Totals.IsRunning)
        {
            _screen.WriteLine($"[{_transfers.NumberOf(transfer.Id)}] {VisibleText.Line(transfer.Name)} is offered to {VisibleText.Line(transfer.Peer)}.");
        }

        _ = _transfers.NumberOf(transfer.Id);
        _report.Note(transfer);
        ShowStatus();
    }

    private void ShowState(EGoatRoomState state, bool isBack)
    {
        _isReconnecting = state == EGoatRoomState.Reconnecting;
        if (_isReconnecting)
        {
            Warn(ChatLines.ServerAway);
        }
        else if (isBack)
        {
            _screen.WriteLine(_lines.Note(ChatLines.ServerBack));
        }

        ShowStatus();
    }

    private void ShowStatus()
    {
        var rows = new List<ScreenRow>();
        lock (_gate)
        {
            rows.AddRange(_pending.Take(MaxPendingShown).Select(p => new ScreenRow($"… {DisplayText.Truncate(VisibleText.Line(p.Text), 200)}", Dim)));
        }

        if (_report.Totals.IsRunning)
        {
            rows.Add(new ScreenRow(ProgressRows.Total(_report.Totals.Read(), _screen.Width), Dim));
        }

        if (_isReconnecting)
        {
            rows.Add(new ScreenRow("Reconnecting to the signaling server…", Dim));
        }

        _screen.SetStatus(rows);
    }

    /// <summary>What happens, and answers of commands, as lines of the session.</summary>
    private sealed class View(ChatSession session) : IRoomView
    {
        public void ShowMessage(EGoatMessage message) => Say(session._lines.Message(message));

        public void ShowKept(EGoatMessage message)
        {
            // Its line stands there.
        }

        public void ShowDelivery(EGoatDelivery delivery)
        {
            if (delivery.State == EGoatDeliveryState.Confirmed)
            {
                session.NoteConfirmed(delivery);
            }
        }

        public void ShowPresence(EGoatPeer peer, bool isHere) => Say(session._lines.Note(ChatLines.Presence(peer, isHere)));

        public void ShowTransfer(EGoatTransfer transfer) => session.ShowTransfer(transfer);

        public void ShowState(EGoatRoomState state, bool isBack) => session.ShowState(state, isBack);

        public void ShowLost(int count) => Warn(ChatLines.Lost(count));

        public void Say(string text) => session._screen.WriteLine(text);

        public void Warn(string text) => session.Warn(text);

        public void ShowOffer(FileOffer offer, int number) => Say(ChatLines.Offer(offer, number));

        public void ShowWithdrawn(FileOffer offer, int number) => Say($"[{number}] is not offered any more.");

        public void ShowPeers(IReadOnlyList<EGoatPeer> peers) => Say(peers.Count == 0 ? "Nobody else is in the room." : string.Join('\n', peers.Select(session._lines.Peer)));

        public void ShowTransfers(IReadOnlyList<(int Number, FileOffer Offer)> offers, IReadOnlyList<(int Number, EGoatTransfer Transfer)> running)
        {
            string[] lines = [.. offers.Select(o => ChatLines.Offer(o.Offer, o.Number)), .. running.Select(t => ChatLines.Running(t.Transfer, t.Number))];
            Say(lines.Length == 0 ? "Nothing is offered, and nothing runs." : string.Join('\n', lines));
        }

        public void ShowHistory(IReadOnlyList<EGoatMessage> messages)
        {
            var lines = new ChatLines(session._screen.HasColor, session._options.Time);
            Say(messages.Count == 0 ? "Nothing was found." : string.Join('\n', messages.Select(m => lines.Message(m))));
        }
    }
}
