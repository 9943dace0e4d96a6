using System.CommandLine;
using EGoat.Benchmarks.Commands;
using EGoat.Benchmarks.Workers;

namespace EGoat.Benchmarks;

/// <summary>One command a benchmark; JSON lines out.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        Command worker = WorkerCommand.Create();
        worker.Hidden = true;
        var root = new RootCommand("Measures E-Goat. Results are JSON lines: one for the machine, one for each run, one with the medians of each case.")
        {
            TransferCommand.Create(),
            ChannelCommand.Create(),
            LatencyCommand.Create(),
            ConnectCommand.Create(),
            MeshCommand.Create(),
            BroadcastCommand.Create(),
            HistoryCommand.Create(),
            ImportCommand.Create(),
            IdleCommand.Create(),
            MicroCommand.Create(),
            worker,
        };
        return await root.Parse(args).InvokeAsync();
    }
}
