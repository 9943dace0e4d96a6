using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using EGoat.Benchmarks.Links;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;

namespace EGoat.Benchmarks.Commands;

/// <summary>
/// <c>latency</c>: round trips of 32 bytes between two processes, alone and beside bulk; and a text in a room until its
/// receiver has stored and confirmed it, alone and beside a file.
/// </summary>
internal static class LatencyCommand
{
    private const string Benchmark = "latency";

    public static Command Create()
    {
        Option<int> count = CommandOptions.Number("--count", 5000, "Round trips of a run");
        Option<int> texts = CommandOptions.Number("--texts", 200, "Texts of a run");
        Option<int> mib = CommandOptions.Number("--mib", 2048, "The size of the file beside which texts are sent, in MiB");
        Option<int> runs = CommandOptions.Runs(5);
        var command = new Command(Benchmark, "Round trips of small messages, alone and beside bulk or a file; baselines: TCP, TLS.") { count, texts, mib, runs };
        command.SetAction(async (result, cancellationToken) =>
        {
            Machine.Describe();
            foreach (bool isLoaded in (bool[])[false, true])
            {
                await RunLinksAsync(isLoaded, result.GetValue(count), result.GetValue(runs), cancellationToken);
            }

            await RunRoomAsync(result.GetValue(mib), result.GetValue(texts), result.GetValue(runs), cancellationToken);
        });
        return command;
    }

    private static async Task RunLinksAsync(bool isLoaded, int count, int runs, CancellationToken cancellationToken)
    {
        var series = new Series(Benchmark, ("beside", isLoaded ? "bulk" : "nothing"), ("count", count));
        string[] load = isLoaded ? ["--load"] : [];
        for (int run = 0; run < runs; run++)
        {
            foreach (string kind in (string[])[LinkSession.Sockets, LinkSession.Tcp, LinkSession.Tls])
            {
                using WorkerPair pair = await WorkerPair.ConnectAsync(
                    ["ping", "--link", kind, "--count", count.ToString(CultureInfo.InvariantCulture), .. load], ["pong", "--link", kind, .. load], 1, cancellationToken);
                series.Add(kind, Figures(await WorkerPair.ResultAsync(pair.A, cancellationToken)));
            }
        }

        series.Summarize("medianMicroseconds", LinkSession.Tcp, LinkSession.Tls);
    }

    private static async Task RunRoomAsync(int mib, int texts, int runs, CancellationToken cancellationToken)
    {
        var series = new Series($"{Benchmark}-room", ("texts", texts));
        using ScratchFolder folder = ScratchFolder.InMemory();
        string file = folder.CreateFile("goat.bin", mib);
        using EGoatSetup egoat = await EGoatSetup.StartAsync(Programs.EGoat(null), folder.Path, cancellationToken);
        for (int run = 0; run < runs; run++)
        {
            foreach (bool isLoaded in (bool[])[false, true])
            {
                series.Add(isLoaded ? "text-beside-file" : "text", await RunTextsAsync(folder, egoat.Url, isLoaded ? file : null, texts, cancellationToken));
                Directory.Delete(folder.Sub("pong"), recursive: true);
            }
        }

        series.Summarize("medianMicroseconds", "text");
    }

    private static async Task<(string, double)[]> RunTextsAsync(ScratchFolder folder, string server, string? file, int texts, CancellationToken cancellationToken)
    {
        string[] room = ["--server", server, "--room", Guid.NewGuid().ToString("N")];
        using ChildProcess pong = ChildProcess.Start("room-pong", Programs.Worker(["room-pong", .. room, "--path", folder.Sub("pong")]));
        await pong.ReadEventAsync("joined", cancellationToken);
        string[] load = file is null ? [] : ["--file", file];
        using ChildProcess ping = ChildProcess.Start(
            "room-ping", Programs.Worker(["room-ping", .. room, "--path", folder.Sub("ping"), "--count", texts.ToString(CultureInfo.InvariantCulture), .. load]));
        return Figures(await WorkerPair.ResultAsync(ping, cancellationToken));
    }

    private static (string, double)[] Figures(JsonObject result) =>
        [.. ((string[])["medianMicroseconds", "p99Microseconds", "maxMicroseconds", "loadMibPerSecond"]).Select(f => (f, (double)result[f]!))];
}
