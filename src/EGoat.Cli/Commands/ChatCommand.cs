using System.CommandLine;
using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Terminal;

namespace EGoat.Cli.Commands;

/// <summary>
/// <c>egoat chat</c>: on a terminal what is typed is a message, or a command when it begins with '/'. Redirected input is sent
/// line by line.
/// </summary>
internal sealed class ChatCommand
{
    private readonly CommonOptions _common = new();
    private readonly Option<string?> _output = new("--output") { Description = "Accept files into this folder (default: files are rejected).", HelpName = "DIR" };
    private readonly Option<bool> _ask = new("--ask") { Description = "Take only the files that /accept names." };
    private readonly Option<bool> _commands = new("--commands") { Description = "Take lines that begin with '/' for commands although input is redirected.", Hidden = true };

    public static Command Create(StopSignals signals) => new ChatCommand().Build(signals);

    private Command Build(StopSignals signals)
    {
        var command = new Command("chat", "Chat; redirected input is sent line by line, and its end leaves the room when everything is confirmed.") { _output, _ask, _commands };
        command.Validators.Add(r =>
        {
            if (r.GetValue(_ask) && r.GetValue(_output) is null)
            {
                r.AddError("--ask takes a folder: name it with --output.");
            }

            if (_common.HasReceiveOptions(r) && r.GetValue(_output) is null)
            {
                r.AddError("--keep-partial and --preserve-mode are for files in a folder: name it with --output.");
            }
        });
        _common.AddReceiveOptions(command);
        _common.AddRoomOptions(command);
        command.Options.Add(_common.Timeout);
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            () => ChatAsync(result, signals, cancellationToken), signals, result.GetValue(_common.Json) ? Console.Out : null, runsUntilStopped: true));
        return command;
    }

    private async Task<int> ChatAsync(ParseResult result, StopSignals signals, CancellationToken cancellationToken)
    {
        TimeSpan timeout = _common.GetTimeout(result);
        ReceiveOptions? receive = result.GetValue(_output) is { } folder ? _common.CreateReceive(result, folder) : null;
        bool asks = result.GetValue(_ask);
        using RoomOutput? output = TerminalModes.CanEdit && !result.GetValue(_common.Json) ? null : _common.CreateOutput(result, Console.Out, new TextOutputOptions { EndsWhenQuiet = true });
        EGoatNode node = _common.OpenNode(result);
        await using (node.ConfigureAwait(false))
        {
            Room room = await _common.JoinAsync(node, result, asks ? null : receive, cancellationToken).ConfigureAwait(false);
            return output is null
                ? await ChatOnTerminalAsync(node, room, result, asks ? receive : null, timeout, cancellationToken).ConfigureAwait(false)
                : await ChatByLinesAsync(node, room, output, result, asks ? receive : null, timeout, signals).ConfigureAwait(false);
        }
    }

    private async Task<int> ChatOnTerminalAsync(EGoatNode node, Room room, ParseResult result, ReceiveOptions? ask, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using (var session = new ChatSession(room, node.History, TerminalModes.Open(), new ChatSessionOptions { Ask = ask, Timeout = _common.FindTimeout(result) }))
        {
            (_common.WarnTo, _common.TraceTo) = (session.Warn, session.WriteLine);
            try
            {
                await session.RunAsync(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                (_common.WarnTo, _common.TraceTo) = (null, null);
            }
        }

        IReadOnlyList<EGoatDelivery> unconfirmed = await room.LeaveAsync(timeout, cancellationToken).ConfigureAwait(false);
        foreach (string line in RoomOutput.DescribeUnconfirmed(unconfirmed))
        {
            await Console.Error.WriteLineAsync($"egoat: {VisibleText.Text(line, "  ")}").ConfigureAwait(false);
        }

        return unconfirmed.Count > 0 ? ExitCode.Failed : ExitCode.Done;
    }

    private async Task<int> ChatByLinesAsync(EGoatNode node, Room room, RoomOutput output, ParseResult result, ReceiveOptions? ask, TimeSpan timeout, StopSignals signals)
    {
        CancellationToken cancellationToken = signals.Token;
        using RoomSubscription events = room.Subscribe();
        output.ShowJoined(room);
        var transfers = new ChatTransfers(room, output);
        var commands = new ChatCommands(room, node.History, transfers, output) { Timeout = _common.FindTimeout(result) };
        if (ask is not null)
        {
            room.SetReceive(ask with { Ask = transfers.AskAsync });
        }

        Task showing = output.ShowAllAsync(events);
        bool areAllSent = await SendLinesAsync(room, commands, output, result.GetValue(_commands), cancellationToken).ConfigureAwait(false);
        await commands.Sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<EGoatDelivery> unconfirmed = await room.LeaveAsync(timeout, cancellationToken).ConfigureAwait(false);
        await showing.ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        output.ShowUnconfirmed(unconfirmed);
        return unconfirmed.Count > 0 || !areAllSent ? ExitCode.Failed : ExitCode.Done;
    }

    // Until the input ends. A line that cannot be sent is told of, and the others go on.
    private static async Task<bool> SendLinesAsync(Room room, ChatCommands commands, RoomOutput output, bool hasCommands, CancellationToken cancellationToken)
    {
        bool areAllSent = true;
        using StreamReader lines = StandardInput.OpenLines();
        while (await lines.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            string? text = line;
            if (hasCommands && line.StartsWith('/'))
            {
                (text, bool isQuit) = await commands.ExecuteAsync(line, cancellationToken).ConfigureAwait(false);
                if (isQuit)
                {
                    break;
                }
            }

            if (string.IsNullOrEmpty(text))
            {
                continue;
            }

            try
            {
                if ((await room.SendTextAsync(text, commands.To, cancellationToken).ConfigureAwait(false)).Recipients.Count == 0)
                {
                    output.Warn("Nobody is in the room; the message was kept in the history only.");
                }
            }
            catch (Exception e) when (e is ArgumentException or RoomException)
            {
                areAllSent = false;
                output.Warn(e is ArgumentException ? $"A line of {System.Text.Encoding.UTF8.GetByteCount(text):N0} bytes was not sent: a message has at most {Room.MaxTextBytes:N0}." : e.Message);
            }
        }

        return areAllSent;
    }
}
