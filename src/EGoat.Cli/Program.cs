using System.CommandLine;
using System.Text.Json.Nodes;
using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Web;

namespace EGoat.Cli;

/// <summary>The <c>egoat</c> program: what it was asked, carried out; errors as one line that names the remedy.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        BundledSqlite.Register();
        using var signals = new StopSignals();
        RootCommand root = CommandLine.CreateRoot(signals);
        ParseResult result = CommandLine.Parse(root, args);
        bool asksForHelp = result.Action is System.CommandLine.Invocation.CommandLineAction { ClearsParseErrors: true };
        if (!asksForHelp && CommandLine.FindError(result) is { } error)
        {
            string command = result.CommandResult.Command == root ? "" : $" {result.CommandResult.Command.Name}";
            await Console.Error.WriteLineAsync($"egoat: {VisibleText.Line(error)} See 'egoat{command} --help'.").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        // The signals are this program's own affair.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        return await result.InvokeAsync(invocation, signals.Token).ConfigureAwait(false);
    }

    /// <summary>Runs a command's action; whatever goes wrong becomes a line and an exit code.</summary>
    /// <param name="action">The action.</param>
    /// <param name="signals">What ends it.</param>
    /// <param name="json">Where errors and the end are told as JSON events too; null for a command that tells none.</param>
    /// <param name="runsUntilStopped">Whether being stopped is a good end.</param>
    public static async Task<int> RunAsync(Func<Task<int>> action, StopSignals signals, TextWriter? json = null, bool runsUntilStopped = false)
    {
        int exitCode;
        try
        {
            exitCode = await action().ConfigureAwait(false);
            if (exitCode != ExitCode.Done)
            {
                // A command that was interrupted may end as one that has failed.
                signals.Token.ThrowIfCancellationRequested();
            }
        }
        catch (Exception e) when (signals.Token.IsCancellationRequested && e is OperationCanceledException or ObjectDisposedException or IOException or RoomException)
        {
            // Whatever it was about, it was given up.
            exitCode = runsUntilStopped && signals.IsStopped ? ExitCode.Done : ExitCode.Interrupted;
        }
        catch (Exception e) when (e is CommandException or RoomException or NodeException or SignalingServerException or History.HistoryException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            exitCode = (e as CommandException)?.ExitCode ?? ExitCode.Failed;
            await Console.Error.WriteLineAsync($"egoat: {VisibleText.Text(e.Message, "  ")}").ConfigureAwait(false);
            json?.WriteLine(EventJson.Object(new JsonObject { ["event"] = "error", ["text"] = e.Message, ["exitCode"] = exitCode }));
        }

        json?.WriteLine(EventJson.Object(new JsonObject { ["event"] = "end", ["exitCode"] = exitCode }));
        json?.Flush();
        return exitCode;
    }
}
