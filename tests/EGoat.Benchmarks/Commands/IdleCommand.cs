using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using EGoat.Benchmarks.Links;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;
using EGoat.Benchmarks.Workers;

namespace EGoat.Benchmarks.Commands;

/// <summary><c>idle</c>: the memory of an idle connection's end, managed and native.</summary>
internal static class IdleCommand
{
    private const string Benchmark = "idle";

    /// <summary>What an idle end may cost.</summary>
    private const int BarKib = 80;

    public static Command Create()
    {
        Option<int> connections = CommandOptions.Number("--connections", 100, "Idle connections");
        Option<int> runs = CommandOptions.Runs(3);
        var command = new Command(Benchmark, $"Memory of an idle connection's end (bar: {BarKib} KiB); baseline: TLS over TCP.") { connections, runs };
        command.SetAction(async (result, cancellationToken) =>
        {
            Machine.Describe();
            var series = new Series(Benchmark, ("connections", result.GetValue(connections)), ("barKib", BarKib));
            for (int run = 0; run < result.GetValue(runs); run++)
            {
                foreach (string kind in (string[])[LinkSession.Sockets, LinkSession.Tls])
                {
                    series.Add(kind, await RunAsync(kind, result.GetValue(connections), cancellationToken));
                }
            }

            series.Summarize("kibPerEnd", LinkSession.Tls);
        });
        return command;
    }

    private static async Task<(string, double)[]> RunAsync(string kind, int connections, CancellationToken cancellationToken)
    {
        string[] words = ["--link", kind, "--count", connections.ToString(CultureInfo.InvariantCulture)];
        using WorkerPair pair = await WorkerPair.ConnectAsync(["idle-near", .. words], ["idle-far", .. words], IdleWorker.WarmUpConnections + connections, cancellationToken);
        JsonObject result = await WorkerPair.ResultAsync(pair.A, cancellationToken);
        return [.. ((string[])["managedKibPerEnd", "nativeKibPerEnd", "kibPerEnd"]).Select(f => (f, (double)result[f]!))];
    }
}
