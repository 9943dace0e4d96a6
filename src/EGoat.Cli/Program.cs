using System.CommandLine;
using EGoat.Cli.Commands;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Web;

namespace EGoat.Cli;

/// <summary>The <c>egoat</c> program: what it was asked, carried out; errors as one line that names the remedy.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var root = new RootCommand("Chat and send files directly between machines.")
        {
            DemoCommand.Create(),
            ServeCommand.Create(),
            ChatCommand.Create(),
            SendCommand.Create(),
            ReceiveCommand.Create(),
            HistoryCommand.Create(),
            HashCommand.Create(),
        };
        ParseResult result = root.Parse(args);
        if (result.Errors.Count > 0)
        {
            string what = result.UnmatchedTokens.Count > 0 ? $"'{result.UnmatchedTokens[0]}' is not known here." : result.Errors[0].Message.Trim().ReplaceLineEndings(" ");
            string command = result.CommandResult.Command == root ? "" : $" {result.CommandResult.Command.Name}";
            await Console.Error.WriteLineAsync($"egoat: {what} See 'egoat{command} --help'.").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }).ConfigureAwait(false);
    }

    /// <summary>Runs a command's action; whatever goes wrong becomes a line and an exit code.</summary>
    public static async Task<int> RunAsync(Func<Task<int>> action, CancellationToken cancellationToken)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (CommandException e)
        {
            await Console.Error.WriteLineAsync($"egoat: {e.Message}").ConfigureAwait(false);
            return e.ExitCode;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception e) when (e is RoomException or NodeException or SignalingServerException or History.HistoryException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            await Console.Error.WriteLineAsync($"egoat: {e.Message}").ConfigureAwait(false);
            return ExitCode.Failed;
        }
    }
}
