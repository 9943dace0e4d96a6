using System.CommandLine;
using EGoat.Mesh;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat hash PATH…</c>: the file hash that transfers show, of files, of all files in folders, of standard input.</summary>
internal static class HashCommand
{
    private const string StandardInputPath = "-";

    public static Command Create(StopSignals signals)
    {
        var paths = new Argument<string[]>("PATH") { Description = "Files, and folders with everything in them; '-' is standard input.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("hash", "Compute the eg2: hash of files, as transfers show it. It is not sha256sum.") { paths };
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            async () =>
            {
                bool isComplete = true;
                foreach (string path in result.GetRequiredValue(paths))
                {
                    isComplete &= await HashAllAsync(path, cancellationToken).ConfigureAwait(false);
                }

                return isComplete ? ExitCode.Done : ExitCode.Failed;
            },
            signals));
        return command;
    }

    // False: something could not be read, which was told.
    private static async Task<bool> HashAllAsync(string path, CancellationToken cancellationToken)
    {
        bool isComplete = true;
        foreach (string file in List(path, () => isComplete = false))
        {
            try
            {
                Console.WriteLine($"{await HashAsync(file, cancellationToken).ConfigureAwait(false)}  {VisibleText.Line(file)}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"egoat: {VisibleText.Line(e.Message)}").ConfigureAwait(false);
                isComplete = false;
            }
        }

        return isComplete;
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        if (path != StandardInputPath)
        {
            return await TreeHash.ComputeAsync(path, cancellationToken).ConfigureAwait(false);
        }

        var input = new StandardInput();
        await using (input.ConfigureAwait(false))
        {
            return await TreeHash.ComputeAsync(input, cancellationToken).ConfigureAwait(false);
        }
    }

    // A folder's files in the order of their names; links are not followed, as when it is sent.
    private static IEnumerable<string> List(string path, Action fail)
    {
        if (path == StandardInputPath || !Directory.Exists(path))
        {
            yield return path;
            yield break;
        }

        FileSystemInfo[] entries;
        try
        {
            entries = [.. new DirectoryInfo(path).EnumerateFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"egoat: {VisibleText.Line(e.Message)}");
            fail();
            yield break;
        }

        foreach (FileSystemInfo entry in entries.Where(e => e.LinkTarget is null))
        {
            string name = Path.Combine(path, entry.Name);
            foreach (string file in entry is DirectoryInfo ? List(name, fail) : [name])
            {
                yield return file;
            }
        }
    }
}
