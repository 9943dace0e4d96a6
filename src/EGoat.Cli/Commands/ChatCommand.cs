using System.CommandLine;
using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Node;

namespace EGoat.Cli.Commands;

/// <summary>
/// <c>egoat chat</c>: each line of input is a message, incoming ones appear as lines. On a terminal lines that begin with '/'
/// are commands: <c>/send PATH</c>, <c>/quit</c>.
/// </summary>
internal static class ChatCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var output = new Option<string?>("--output") { Description = "Accept files into this folder (default: files are rejected).", HelpName = "DIR" };
        var commands = new Option<bool>("--commands") { Description = "Take lines that begin with '/' for commands although input is redirected.", Hidden = true };
        var command = new Command("chat", "Chat; redirected input is sent line by line, and its end leaves the room.") { output, commands };
        common.AddRoomOptions(command);
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            () => ChatAsync(common, result, result.GetValue(output), result.GetValue(commands) || !Console.IsInputRedirected, cancellationToken), cancellationToken));
        return command;
    }

    private static async Task<int> ChatAsync(CommonOptions common, ParseResult result, string? folder, bool hasCommands, CancellationToken cancellationToken)
    {
        ReceiveOptions? receive = folder is null ? null : CommonOptions.CreateReceive(folder);
        EGoatNode node = common.OpenNode(result);
        await using (node.ConfigureAwait(false))
        {
            Room room = await common.JoinAsync(node, result, receive, cancellationToken).ConfigureAwait(false);
            var output = new RoomOutput(result.GetValue(common.Json), Console.Out);
            using RoomSubscription events = room.Subscribe();
            output.Joined(room);
            var view = new ChatView(output, !Console.IsInputRedirected && output.IsInteractive);
            Task showing = view.ShowAsync(events);
            var sending = new List<Task>();
            while (await view.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                if (line.Length == 0)
                {
                    continue;
                }

                if (hasCommands && line[0] == '/')
                {
                    if (!Execute(room, line, view, sending, cancellationToken))
                    {
                        break;
                    }
                }
                else if ((await room.SendTextAsync(line, cancellationToken: cancellationToken).ConfigureAwait(false)).Recipients.Count == 0)
                {
                    view.Warn("Nobody is in the room; the message was kept in the history only.");
                }
            }

            await Task.WhenAll(sending).ConfigureAwait(false);
            await room.LeaveAsync(cancellationToken).ConfigureAwait(false);
            await showing.ConfigureAwait(false);
            return ExitCode.Done;
        }
    }

    private static bool Execute(Room room, string line, ChatView view, List<Task> sending, CancellationToken cancellationToken)
    {
        (string command, string argument) = line.Split(' ', 2) is [var word, var rest] ? (word, rest.Trim()) : (line, "");
        switch (command)
        {
            case "/quit":
                return false;
            case "/send" when argument.Length > 0:
                try
                {
                    FileSend send = room.SendFiles([argument], cancellationToken: cancellationToken);
                    sending.Add(send.Completion);
                    if (send.Recipients.Count == 0)
                    {
                        view.Warn("Nobody in the room accepts files.");
                    }
                }
                catch (RoomException e)
                {
                    view.Warn(e.Message);
                }

                return true;
            default:
                view.Warn("Commands are /send PATH and /quit.");
                return true;
        }
    }
}
