using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using EGoat.Benchmarks.Links;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;
using EGoat.WebRtc;

namespace EGoat.Benchmarks.Commands;

/// <summary><c>channel</c>: bulk over one data channel between two processes, by size of the messages; and between two engines without sockets.</summary>
internal static class ChannelCommand
{
    private const string Benchmark = "channel";
    private const int LossMessageKib = 64;
    private const string Engine = "engine";
    private const string EngineBasePackets = "engine-1200";
    private const string NoOffload = "-no-gso";

    private static readonly string[] Cases =
    [
        LinkSession.Sockets, LinkSession.Sockets + NoOffload, LinkSession.SocketsBasePackets, LinkSession.SocketsBasePackets + NoOffload,
        Engine, EngineBasePackets, LinkSession.Tcp, LinkSession.Tls,
    ];

    public static Command Create()
    {
        Option<int> mib = CommandOptions.Number("--mib", 512, "How much is sent in a run, in MiB");
        Option<int> warmUp = CommandOptions.Number("--warm-up-mib", 64, "How much is sent before, in MiB");
        Option<int> runs = CommandOptions.Runs(5);
        Option<double[]> sizes = CommandOptions.Numbers("--sizes-kib", "1,16,64,256", "Sizes of the messages in KiB");
        Option<double[]> losses = CommandOptions.Numbers("--loss", "0,0.1,1,3", "Percentages of datagrams that are lost between two engines without sockets");
        var cases = new Option<string[]>("--cases") { Description = "Only these cases.", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
        cases.AcceptOnlyFromAmong(Cases);
        cases.DefaultValueFactory = _ => Cases;
        var command = new Command(Benchmark, "Bulk over one data channel, without rooms and files; baselines: TCP, TLS.") { mib, warmUp, runs, sizes, losses, cases };
        command.SetAction(async (result, cancellationToken) =>
        {
            Machine.Describe();
            foreach (double kib in result.GetRequiredValue(sizes))
            {
                await RunSizeAsync((int)(kib * 1024), result.GetRequiredValue(cases), result.GetValue(warmUp), result.GetValue(mib), result.GetValue(runs), cancellationToken);
            }

            await RunLossesAsync(result.GetRequiredValue(losses), result.GetValue(warmUp), result.GetValue(mib), result.GetValue(runs), cancellationToken);
        });
        return command;
    }

    private static async Task RunSizeAsync(int messageBytes, string[] cases, int warmUpMib, int mib, int runs, CancellationToken cancellationToken)
    {
        var series = new Series(Benchmark, ("messageKib", messageBytes / 1024.0), ("mib", mib));
        for (int run = 0; run < runs; run++)
        {
            foreach (string name in cases)
            {
                series.Add(name, name switch
                {
                    Engine => await RunEngineAsync(messageBytes, warmUpMib, mib, 0, PeerConnectionOptions.DatagramSizeLimit, cancellationToken),
                    EngineBasePackets => await RunEngineAsync(messageBytes, warmUpMib, mib, 0, PeerConnection.BaseDatagramSize, cancellationToken),
                    _ => await RunPairAsync(name, messageBytes, warmUpMib, mib, cancellationToken),
                });
            }
        }

        series.Summarize("mibPerSecond", [.. cases.Intersect([LinkSession.Tcp, LinkSession.Tls])]);
    }

    private static async Task RunLossesAsync(double[] percentages, int warmUpMib, int mib, int runs, CancellationToken cancellationToken)
    {
        var series = new Series($"{Benchmark}-loss", ("messageKib", LossMessageKib), ("mib", mib));
        for (int run = 0; run < runs; run++)
        {
            foreach (double percent in percentages)
            {
                series.Add(Name(percent), await RunEngineAsync(LossMessageKib * 1024, warmUpMib, mib, percent, PeerConnectionOptions.DatagramSizeLimit, cancellationToken));
            }
        }

        series.Summarize("cpuSecondsPerGib", Name(0));
    }

    private static string Name(double lossPercent) => string.Create(CultureInfo.InvariantCulture, $"engine-loss-{lossPercent}");

    private static async Task<(string, double)[]> RunPairAsync(string name, int messageBytes, int warmUpMib, int mib, CancellationToken cancellationToken)
    {
        bool usesOffload = !name.EndsWith(NoOffload, StringComparison.Ordinal);
        string[] amounts = ["--link", usesOffload ? name : name[..^NoOffload.Length], .. Amounts(messageBytes, warmUpMib, mib)];
        (string, string)[] environment = usesOffload ? [] : [("EGOAT_GSO", "off")];
        using WorkerPair pair = await WorkerPair.ConnectAsync(["bulk-send", .. amounts], ["bulk-receive", .. amounts], 1, cancellationToken, environment);
        JsonObject sent = await WorkerPair.ResultAsync(pair.A, cancellationToken);
        JsonObject received = await WorkerPair.ResultAsync(pair.Z, cancellationToken);
        return new CopyResult((double)sent["seconds"]!, Usage(sent), Usage(received)).ToFigures(mib);
    }

    private static async Task<(string, double)[]> RunEngineAsync(int messageBytes, int warmUpMib, int mib, double lossPercent, int maxPacket, CancellationToken cancellationToken)
    {
        using ChildProcess worker = ChildProcess.Start(
            "engine", Programs.Worker(["engine-bulk", .. Amounts(messageBytes, warmUpMib, mib), "--loss", lossPercent.ToString(CultureInfo.InvariantCulture), "--max-packet", Text(maxPacket)]));
        JsonObject result = await WorkerPair.ResultAsync(worker, cancellationToken);
        return
        [
            ("seconds", (double)result["seconds"]!),
            ("mibPerSecond", mib / (double)result["seconds"]!),
            ("cpuSecondsPerGib", (double)result["cpuSeconds"]! / (mib / 1024.0)),
            ("peakMib", (double)result["peakMib"]!),
            ("datagramsPerMib", (double)result["datagramsPerMib"]!),
            ("virtualSeconds", (double)result["virtualSeconds"]!),
        ];
    }

    private static string[] Amounts(int messageBytes, int warmUpMib, int mib) =>
        ["--message-bytes", Text(messageBytes), "--warm-up-bytes", Text(warmUpMib * 1024L * 1024), "--bytes", Text(mib * 1024L * 1024)];

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static ProcessUsage Usage(JsonObject result) => new((double)result["cpuSeconds"]!, (double)result["peakMib"]!);
}
