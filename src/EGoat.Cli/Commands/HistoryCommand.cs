using System.CommandLine;
using System.Globalization;
using EGoat.Cli.Output;
using EGoat.Node;
using EGoat.Terminal;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat history</c>: what was said, oldest first.</summary>
internal static class HistoryCommand
{
    public static Command Create(StopSignals signals)
    {
        var common = new CommonOptions();
        var room = new Option<string?>("--room") { Description = "Only this room.", HelpName = "NAME" };
        var peer = new Option<string?>("--peer") { Description = "Only from this identity or name.", HelpName = "PEER" };
        var text = new Option<string?>("--text") { Description = "Only messages with these words.", HelpName = "WORDS" };
        var since = new Option<DateTimeOffset?>("--since") { Description = "Only since this time.", HelpName = "TIME" };
        var until = new Option<DateTimeOffset?>("--until") { Description = "Only before this time.", HelpName = "TIME" };
        var take = new Option<int?>("--take") { Description = "At most so many; with --newest the last ones.", HelpName = "N" };
        var files = new Option<bool>("--files") { Description = "Files that were sent and received, instead of messages." };
        var newest = new Option<bool>("--newest") { Description = "Newest first." };
        var command = new Command("history", "Show the history.") { room, peer, text, since, until, take, newest, files };
        common.AddNodeOptions(command);
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            async () =>
            {
                EGoatNode node = common.OpenNode(result);
                await using (node.ConfigureAwait(false))
                {
                    var query = new HistoryQuery
                    {
                        Room = result.GetValue(room),
                        Peer = result.GetValue(peer),
                        Text = result.GetValue(text),
                        Since = result.GetValue(since),
                        Until = result.GetValue(until),
                        Take = result.GetValue(take),
                        NewestFirst = result.GetValue(newest),
                    };
                    bool isJson = result.GetValue(common.Json);
                    if (result.GetValue(files))
                    {
                        await foreach (EGoatTransfer transfer in node.History.QueryTransfersAsync(query, cancellationToken).ConfigureAwait(false))
                        {
                            Console.WriteLine(isJson ? EventJson.Row(transfer) : $"{Time(transfer.Started)}  {transfer.Room}  {TransferLine.Describe(transfer)}");
                        }

                        return ExitCode.Done;
                    }

                    await foreach (EGoatMessage message in node.History.QueryMessagesAsync(query, cancellationToken).ConfigureAwait(false))
                    {
                        Console.WriteLine(isJson
                            ? EventJson.Row(message)
                            : $"{Time(message.ReceivedAt)}  {message.Room}  {VisibleText.Line(message.From)}: {VisibleText.Text(message.Text, "    ")}");
                    }

                    return ExitCode.Done;
                }
            },
            signals));
        return command;
    }

    private static string Time(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
