using System.CommandLine;
using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Node;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat send PATH…</c> or <c>--text TEXT</c>: to everybody who is in the room once enough are.</summary>
internal static class SendCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var paths = new Argument<string[]>("PATH") { Description = "The files.", Arity = ArgumentArity.ZeroOrMore };
        var text = new Option<string?>("--text") { Description = "A message.", HelpName = "TEXT" };
        var peers = new Option<int>("--peers") { Description = "Begin when so many peers are there (default 1).", HelpName = "N", DefaultValueFactory = _ => 1 };
        var to = new Option<string?>("--to") { Description = "Only to this peer: a peer id, identity or name.", HelpName = "PEER" };
        var command = new Command("send", "Send files or a message, and end when everybody has them verified.") { paths, text, peers, to };
        common.AddRoomOptions(command);
        command.Options.Add(common.Timeout);
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            () =>
            {
                string[] files = result.GetValue(paths) ?? [];
                if (files.Length == 0 && result.GetValue(text) is null)
                {
                    throw new CommandException(ExitCode.Usage, "Name a file, or give a message with --text.");
                }

                if (files.FirstOrDefault(f => !File.Exists(f)) is { } missing)
                {
                    throw new CommandException(ExitCode.Failed, $"The file '{missing}' is not there.");
                }

                return SendAsync(common, result, files, result.GetValue(text), result.GetValue(peers), result.GetValue(to), cancellationToken);
            },
            cancellationToken));
        return command;
    }

    private static async Task<int> SendAsync(CommonOptions common, ParseResult result, string[] files, string? text, int count, string? to, CancellationToken cancellationToken)
    {
        TimeSpan timeout = common.GetTimeout(result);
        EGoatNode node = common.OpenNode(result);
        await using (node.ConfigureAwait(false))
        {
            Room room = await common.JoinAsync(node, result, null, cancellationToken).ConfigureAwait(false);
            var output = new RoomOutput(result.GetValue(common.Json));
            using RoomSubscription events = room.Subscribe();
            output.Joined(room);
            Task showing = ShowAsync(events, output);
            await WaitForPeersAsync(room, count, files.Length > 0, timeout, cancellationToken).ConfigureAwait(false);
            int exitCode = ExitCode.Done;
            if (text is not null)
            {
                exitCode = await SendTextAsync(room, text, to, timeout, cancellationToken).ConfigureAwait(false);
            }

            if (files.Length > 0)
            {
                FileSend send = room.SendFiles(files, to, cancellationToken);
                IReadOnlyList<EGoatTransfer> transfers = await ProgressView.RunAsync(output, () => send.Completion).ConfigureAwait(false);
                exitCode = Math.Max(exitCode, Judge(transfers));
            }

            await room.LeaveAsync(cancellationToken).ConfigureAwait(false);
            await showing.ConfigureAwait(false);
            return exitCode;
        }
    }

    private static async Task WaitForPeersAsync(Room room, int count, bool acceptingFiles, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await room.WaitForPeersAsync(count, acceptingFiles, cancellationToken).WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            int present = room.Peers.Count(p => p.State == EGoatPeerState.Connected);
            string who = acceptingFiles ? "peers that accept files" : "peers";
            throw new CommandException(ExitCode.NobodyCame, $"Only {present} of {count} {who} came to the room '{room.Name}' within {timeout.TotalSeconds:F0} s. Is 'egoat receive' running there with the same --server and --room?");
        }
    }

    private static async Task<int> SendTextAsync(Room room, string text, string? to, TimeSpan timeout, CancellationToken cancellationToken)
    {
        SentMessage sent = await room.SendTextAsync(text, to, cancellationToken).ConfigureAwait(false);
        try
        {
            await sent.Confirmed.WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
            return ExitCode.Done;
        }
        catch (TimeoutException)
        {
            throw new CommandException(ExitCode.NobodyCame, $"Not everybody has confirmed the message within {timeout.TotalSeconds:F0} s.");
        }
    }

    private static int Judge(IReadOnlyList<EGoatTransfer> transfers) => transfers switch
    {
        [] => ExitCode.NobodyCame,
        _ when transfers.All(t => t.State == EGoatTransferState.Completed) => ExitCode.Done,
        _ when transfers.All(t => t.State is EGoatTransferState.Completed or EGoatTransferState.Rejected) => ExitCode.Rejected,
        _ => ExitCode.Failed,
    };

    private static async Task ShowAsync(RoomSubscription events, RoomOutput output)
    {
        await foreach (RoomEvent e in events.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            output.Show(e);
        }
    }
}
