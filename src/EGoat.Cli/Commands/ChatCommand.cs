using System.CommandLine;
using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Node;

namespace EGoat.Cli.Commands;

/// <summary>
/// <c>egoat chat</c>: each line of input is a message, incoming ones appear as lines. On a terminal lines that begin with '/'
/// are commands; <c>/help</c> shows them.
/// </summary>
internal static class ChatCommand
{
    private const string Help =
        """
        /send PATH                 send a file, or a folder with everything in it
        /accept [N] [1,3-5]        take what is offered, or some of its files
        /reject [N]                refuse it
        /peers                     show who is there, and how well they are reached
        /transfers                 show what is offered and what runs
        /pause [N], /resume [N]    let a transfer rest, and go on
        /cancel [N]                give it up: what was verified is kept
        /quit                      leave the room
        """;

    public static Command Create(StopSignals signals)
    {
        var common = new CommonOptions();
        var output = new Option<string?>("--output") { Description = "Accept files into this folder (default: files are rejected).", HelpName = "DIR" };
        var ask = new Option<bool>("--ask") { Description = "Take only the files that /accept names." };
        var commands = new Option<bool>("--commands") { Description = "Take lines that begin with '/' for commands although input is redirected.", Hidden = true };
        var command = new Command("chat", "Chat; redirected input is sent line by line, and its end leaves the room.") { output, ask, commands };
        command.Validators.Add(r =>
        {
            if (r.GetValue(ask) && r.GetValue(output) is null)
            {
                r.AddError("--ask takes a folder: name it with --output.");
            }
        });
        common.AddRoomOptions(command);
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            () => ChatAsync(common, result, result.GetValue(output), result.GetValue(ask), result.GetValue(commands) || !Console.IsInputRedirected, cancellationToken),
            signals,
            result.GetValue(common.Json) ? Console.Out : null,
            runsUntilStopped: true));
        return command;
    }

    private static async Task<int> ChatAsync(CommonOptions common, ParseResult result, string? folder, bool asks, bool hasCommands, CancellationToken cancellationToken)
    {
        ReceiveOptions? receive = folder is null ? null : CommonOptions.CreateReceive(folder);
        EGoatNode node = common.OpenNode(result);
        await using (node.ConfigureAwait(false))
        {
            Room room = await common.JoinAsync(node, result, asks ? null : receive, cancellationToken).ConfigureAwait(false);
            bool isJson = result.GetValue(common.Json);
            var output = new RoomOutput(isJson, Console.Out);
            using RoomSubscription events = room.Subscribe();
            output.Joined(room);
            var view = new ChatView(output, !Console.IsInputRedirected && output.IsInteractive);
            var transfers = new ChatTransfers(room, isJson, view.WriteLine);
            if (asks)
            {
                room.SetReceive(receive! with { Ask = transfers.AskAsync });
            }

            Task showing = view.ShowAsync(events, transfers.Note);
            var sending = new List<Task>();
            while (await view.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                if (line.Length == 0)
                {
                    continue;
                }

                if (hasCommands && line[0] == '/')
                {
                    if (line.TrimEnd() == "/quit")
                    {
                        break;
                    }

                    Execute(room, line, view, transfers, sending, cancellationToken);
                }
                else if ((await room.SendTextAsync(line, cancellationToken: cancellationToken).ConfigureAwait(false)).Recipients.Count == 0)
                {
                    view.Warn("Nobody is in the room; the message was kept in the history only.");
                }
            }

            Task sent = Task.WhenAll(sending);
            if (!sent.IsCompleted && hasCommands)
            {
                view.Warn("What is being sent ends first; Ctrl+C leaves at once.");
            }

            await sent.WaitAsync(cancellationToken).ConfigureAwait(false);
            await room.LeaveAsync(cancellationToken).ConfigureAwait(false);
            await showing.ConfigureAwait(false);
            return ExitCode.Done;
        }
    }

    private static void Execute(Room room, string line, ChatView view, ChatTransfers transfers, List<Task> sending, CancellationToken cancellationToken)
    {
        (string command, string argument) = line.Split(' ', 2) is [var word, var rest] ? (word, rest.Trim()) : (line, "");
        try
        {
            switch (command)
            {
                case "/send" when argument.Length > 0:
                    sending.Add(Send(room, argument, view, cancellationToken));
                    break;
                case "/accept":
                    transfers.Accept(argument);
                    break;
                case "/reject":
                    transfers.Reject(argument);
                    break;
                case "/peers":
                    view.ShowPeers(room.Peers);
                    break;
                case "/transfers":
                    transfers.List();
                    break;
                case "/pause":
                    transfers.Pause(argument);
                    break;
                case "/resume":
                    transfers.Resume(argument);
                    break;
                case "/cancel":
                    transfers.Cancel(argument);
                    break;
                case "/help":
                    view.WriteLine(Help);
                    break;
                default:
                    view.Warn(command == "/send" ? "Name a file: /send PATH." : $"There is no command {VisibleText.Line(command)}; /help shows those that there are. A message cannot begin with '/'.");
                    break;
            }
        }
        catch (RoomException e)
        {
            view.Warn(e.Message);
        }
    }

    private static Task<IReadOnlyList<EGoatTransfer>> Send(Room room, string path, ChatView view, CancellationToken cancellationToken)
    {
        FileSend send = room.SendFiles(new SendFileOptions { Paths = [path], Recurse = true }, cancellationToken);
        foreach (string skipped in send.Skipped)
        {
            view.Warn(skipped);
        }

        if (send.Recipients.Count == 0)
        {
            view.Warn("Nobody in the room accepts files.");
        }

        return send.Completion;
    }
}
