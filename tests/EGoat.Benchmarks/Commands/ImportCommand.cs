using System.CommandLine;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;

namespace EGoat.Benchmarks.Commands;

/// <summary><c>import</c>: how long Import-Module takes in a new pwsh.</summary>
internal static class ImportCommand
{
    private const string Benchmark = "import";

    public static Command Create()
    {
        Option<int> runs = CommandOptions.Runs(20);
        var module = new Option<string?>("--module") { Description = "The module's folder (default: module/EGoat of this repository).", HelpName = "DIR" };
        var command = new Command(Benchmark, "Import-Module in a new pwsh; baseline: an empty module.") { runs, module };
        command.SetAction(async (result, cancellationToken) =>
        {
            Machine.Describe();
            if (Programs.Find("pwsh") is not { } pwsh)
            {
                JsonLines.Skip(Benchmark, "module", "pwsh is not on PATH.");
            }
            else if ((result.GetValue(module) ?? FindModule()) is not { } folder || !Directory.Exists(Path.Combine(folder, "bin")))
            {
                JsonLines.Skip(Benchmark, "module", "module/EGoat/bin is not there: build src/EGoat.PowerShell.");
            }
            else
            {
                await RunAsync(pwsh, Path.GetFullPath(folder), result.GetValue(runs), cancellationToken);
            }
        });
        return command;
    }

    private static async Task RunAsync(string pwsh, string module, int runs, CancellationToken cancellationToken)
    {
        using ScratchFolder folder = ScratchFolder.InMemory();
        string empty = Directory.CreateDirectory(folder.Sub("Empty")).FullName;
        await File.WriteAllTextAsync(Path.Combine(empty, "Empty.psm1"), "", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(empty, "Empty.psd1"), "@{ RootModule = 'Empty.psm1'; ModuleVersion = '1.0' }", cancellationToken);
        var series = new Series(Benchmark);
        for (int run = 0; run < runs; run++)
        {
            series.Add("egoat", ("milliseconds", await ImportAsync(pwsh, module, cancellationToken)));
            series.Add("empty", ("milliseconds", await ImportAsync(pwsh, empty, cancellationToken)));
        }

        series.Summarize("milliseconds", "empty");
    }

    private static async Task<double> ImportAsync(string pwsh, string module, CancellationToken cancellationToken)
    {
        string script = $"$watch = [Diagnostics.Stopwatch]::StartNew(); Import-Module '{module}'; "
            + "'{\"event\":\"result\",\"milliseconds\":' + $watch.Elapsed.TotalMilliseconds.ToString([cultureinfo]::InvariantCulture) + '}'";
        using ChildProcess process = ChildProcess.Start("pwsh", [pwsh, "-NoProfile", "-NonInteractive", "-Command", script]);
        return (double)(await WorkerPair.ResultAsync(process, cancellationToken))["milliseconds"]!;
    }

    private static string? FindModule()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string module = Path.Combine(folder.FullName, "module", "EGoat");
            if (Directory.Exists(module))
            {
                return module;
            }
        }

        return null;
    }
}
