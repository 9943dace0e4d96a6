using System.CommandLine;
using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Node;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat receive</c>: takes files into a folder, a number of them or until stopped.</summary>
internal static class ReceiveCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var output = new Option<string>("--output") { Description = "The folder that files go to.", HelpName = "DIR", Required = true };
        var files = new Option<int?>("--files") { Description = "End after so many verified files (default: run until stopped).", HelpName = "N" };
        var command = new Command("receive", "Receive files into a folder.") { output, files };
        common.AddRoomOptions(command);
        command.Options.Add(common.Timeout);
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            () => ReceiveAsync(common, result, result.GetRequiredValue(output), result.GetValue(files), cancellationToken), cancellationToken));
        return command;
    }

    private static async Task<int> ReceiveAsync(CommonOptions common, ParseResult result, string folder, int? files, CancellationToken cancellationToken)
    {
        TimeSpan timeout = common.GetTimeout(result);
        ReceiveOptions receive = CommonOptions.CreateReceive(folder);
        EGoatNode node = common.OpenNode(result);
        await using (node.ConfigureAwait(false))
        {
            Room room = await common.JoinAsync(node, result, receive, cancellationToken).ConfigureAwait(false);
            var output = new RoomOutput(result.GetValue(common.Json));
            using RoomSubscription events = room.Subscribe();
            output.Joined(room);
            int received = await ProgressView.RunAsync(output, () => CountAsync(events, output, files, timeout, cancellationToken)).ConfigureAwait(false);
            await room.LeaveAsync(cancellationToken).ConfigureAwait(false);
            while (events.TryRead(out RoomEvent? e))
            {
                output.Show(e!);
            }

            return received >= (files ?? 0)
                ? ExitCode.Done
                : throw new CommandException(ExitCode.NobodyCame, $"Only {received} of {files} files came: nothing moved for {timeout.TotalSeconds:F0} s. Is 'egoat send' running there with the same --server and --room?");
        }
    }

    // With a number of files the time limit runs from the last event; without one it runs until stopped.
    private static async Task<int> CountAsync(RoomSubscription events, RoomOutput output, int? files, TimeSpan timeout, CancellationToken cancellationToken)
    {
        int received = 0;
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (files is not null)
        {
            idle.CancelAfter(timeout);
        }

        try
        {
            await foreach (RoomEvent e in events.ReadAllAsync(idle.Token).ConfigureAwait(false))
            {
                output.Show(e);
                if (files is not null)
                {
                    idle.CancelAfter(timeout);
                }

                if (e is RoomTransferChanged { Transfer: { State: EGoatTransferState.Completed, Direction: EGoatDirection.Received } } && ++received >= files)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing moved for too long: the caller says so.
        }

        return received;
    }
}
