using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;

namespace EGoat.Benchmarks.Commands;

/// <summary><c>mesh</c>: installations in one process join a room: until all are connected, memory of an end, a text to all.</summary>
internal static class MeshCommand
{
    private const string Benchmark = "mesh";

    public static Command Create()
    {
        Option<int> runs = CommandOptions.Runs(3);
        Option<double[]> peers = CommandOptions.Numbers("--peers", "2,4,8,16", "Numbers of peers");
        var command = new Command(Benchmark, "A full mesh in one process: time, memory, a text to all; baseline: a mesh of TLS connections.") { runs, peers };
        command.SetAction(async (result, cancellationToken) =>
        {
            Machine.Describe();
            foreach (double count in result.GetRequiredValue(peers))
            {
                await RunAsync(((int)count).ToString(CultureInfo.InvariantCulture), result.GetValue(runs), cancellationToken);
            }
        });
        return command;
    }

    private static async Task RunAsync(string peers, int runs, CancellationToken cancellationToken)
    {
        var series = new Series(Benchmark, ("peers", int.Parse(peers, CultureInfo.InvariantCulture)));
        for (int run = 0; run < runs; run++)
        {
            using ScratchFolder folder = ScratchFolder.InMemory();
            series.Add("room", await RunWorkerAsync(["mesh-room", "--count", peers, "--path", folder.Path], cancellationToken));
            series.Add("tls", await RunWorkerAsync(["mesh-tls", "--count", peers], cancellationToken));
        }

        foreach (string figure in (string[])["seconds", "kibPerEnd", "messageMilliseconds"])
        {
            series.Summarize(figure, "tls");
        }
    }

    private static async Task<(string, double)[]> RunWorkerAsync(string[] words, CancellationToken cancellationToken)
    {
        using ChildProcess worker = ChildProcess.Start(words[0], Programs.Worker(words));
        JsonObject result = await WorkerPair.ResultAsync(worker, cancellationToken);
        return [.. ((string[])["seconds", "meshCpuSeconds", "managedKibPerEnd", "nativeKibPerEnd", "kibPerEnd", "messageMilliseconds"]).Select(f => (f, (double)result[f]!))];
    }
}
