using System.CommandLine;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;

namespace EGoat.Benchmarks.Commands;

/// <summary><c>broadcast</c>: a file to several receiver processes at once, beside plain TCP copies at once.</summary>
internal static class BroadcastCommand
{
    private const string Benchmark = "broadcast";

    public static Command Create()
    {
        Option<int> mib = CommandOptions.Number("--mib", 256, "The size of the file in MiB");
        Option<int> runs = CommandOptions.Runs(3);
        Option<double[]> receivers = CommandOptions.Numbers("--receivers", "1,2,4,8", "Numbers of receivers");
        Option<string?> program = CommandOptions.Program();
        var command = new Command(Benchmark, "A file to several receivers at once, in memory; baseline: plain TCP copies.") { mib, runs, receivers, program };
        command.SetAction(async (result, cancellationToken) =>
        {
            Machine.Describe();
            using ScratchFolder folder = ScratchFolder.InMemory();
            string file = folder.CreateFile("goat.bin", result.GetValue(mib));
            using EGoatSetup egoat = await EGoatSetup.StartAsync(Programs.EGoat(result.GetValue(program)), folder.Path, cancellationToken);
            foreach (double count in result.GetRequiredValue(receivers))
            {
                await RunAsync(egoat, folder, file, result.GetValue(mib), (int)count, result.GetValue(runs), cancellationToken);
            }
        });
        return command;
    }

    private static async Task RunAsync(EGoatSetup egoat, ScratchFolder folder, string file, int mib, int receivers, int runs, CancellationToken cancellationToken)
    {
        var series = new Series(Benchmark, ("receivers", receivers), ("mib", mib));
        for (int run = 0; run < runs; run++)
        {
            series.Add("egoat", Figures(await egoat.SendAsync(file, receivers, null, cancellationToken), mib, receivers));
            series.Add("tcp", Figures(await TcpCopy.RunAsync(file, folder.Path, receivers, isSynced: false, cancellationToken), mib, receivers));
        }

        series.Summarize("totalMibPerSecond", "tcp");
    }

    // What is delivered counts, so a receiver more is as much work more.
    private static (string, double)[] Figures(CopyResult result, int mib, int receivers) =>
        [.. result.ToFigures((double)mib * receivers).Select(f => f.Name == "mibPerSecond" ? ("totalMibPerSecond", f.Value) : f)];
}
