using System.CommandLine;
using System.Globalization;

namespace EGoat.Benchmarks.Workers;

/// <summary>The roles that this program plays in processes of their own; for itself, hence not in the help.</summary>
internal static class WorkerCommand
{
    private static readonly Option<string> PathOption = new("--path") { Required = true };

    public static Command Create() => new("worker", "A process of a benchmark.") { CreateCopyReceive(), CreateCopySend() };

    private static Command CreateCopyReceive()
    {
        var sync = new Option<bool>("--sync");
        var command = new Command("copy-receive") { PathOption, sync };
        command.SetAction(result => CopyWorker.Receive(result.GetRequiredValue(PathOption), result.GetValue(sync)));
        return command;
    }

    private static Command CreateCopySend()
    {
        var ports = new Option<string>("--ports") { Required = true };
        var command = new Command("copy-send") { PathOption, ports };
        command.SetAction(result => CopyWorker.Send(
            result.GetRequiredValue(PathOption), [.. result.GetRequiredValue(ports).Split(',').Select(p => int.Parse(p, CultureInfo.InvariantCulture))]));
        return command;
    }
}
