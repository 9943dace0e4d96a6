using System.CommandLine;
using EGoat.Mesh;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat hash PATH…</c>: the file hash that transfers show.</summary>
internal static class HashCommand
{
    public static Command Create(StopSignals signals)
    {
        var paths = new Argument<string[]>("PATH") { Description = "The files.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("hash", "Compute the eg2: hash of files, as transfers show it. It is not sha256sum.") { paths };
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            async () =>
            {
                int exitCode = ExitCode.Done;
                foreach (string path in result.GetRequiredValue(paths))
                {
                    try
                    {
                        Console.WriteLine($"{await TreeHash.ComputeAsync(path, cancellationToken).ConfigureAwait(false)}  {path}");
                    }
                    catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                    {
                        await Console.Error.WriteLineAsync($"egoat: {VisibleText.Text(e.Message, "  ")}").ConfigureAwait(false);
                        exitCode = ExitCode.Failed;
                    }
                }

                return exitCode;
            },
            signals));
        return command;
    }
}
