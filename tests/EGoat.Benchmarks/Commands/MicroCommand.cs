using System.CommandLine;
using System.Text.Json.Nodes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Micro;

namespace EGoat.Benchmarks.Commands;

/// <summary><c>micro</c>: the inner loops of the engine with BenchmarkDotNet, whose own words go to standard error.</summary>
internal static class MicroCommand
{
    private const string Benchmark = "micro";

    public static Command Create()
    {
        var filter = new Option<string>("--filter") { Description = "Only benchmarks whose class has this in its name (default: all).", HelpName = "TEXT", DefaultValueFactory = _ => "" };
        var isShort = new Option<bool>("--short") { Description = "Few iterations: to see that it runs." };
        var command = new Command(Benchmark, "Records, checksums, hashes, SACKs, reassembly; the baseline of each is named in its lines.") { filter, isShort };
        command.SetAction(result =>
        {
            Machine.Describe();
            IConfig config = CreateConfig(result.GetValue(isShort));
            Type[] classes = [typeof(RecordBenchmarks), typeof(ChecksumBenchmarks), typeof(HashBenchmarks), typeof(SackBenchmarks), typeof(ReassemblyBenchmarks)];
            foreach (Type type in classes.Where(c => c.Name.Contains(result.GetRequiredValue(filter), StringComparison.OrdinalIgnoreCase)))
            {
                Write(BenchmarkRunner.Run(type, config));
            }
        });
        return command;
    }

    // In this process: the engine's internals are visible to it alone, and nothing has to be built.
    private static ManualConfig CreateConfig(bool isShort) => ManualConfig.CreateEmpty()
        .AddJob((isShort ? Job.ShortRun : Job.Default).WithToolchain(InProcessEmitToolchain.Instance))
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddColumnProvider(DefaultColumnProviders.Instance)
        .AddLogger(new StreamLogger(new StreamWriter(Console.OpenStandardError()) { AutoFlush = true }))
        .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "egoat-micro"));

    private static void Write(Summary summary)
    {
        foreach (BenchmarkReport report in summary.Reports)
        {
            BenchmarkCase benchmark = report.BenchmarkCase;
            string name = benchmark.Descriptor.WorkloadMethod.Name;
            if (report.ResultStatistics is not { } statistics)
            {
                JsonLines.Skip(Benchmark, name, "It failed; standard error says why.");
                continue;
            }

            var line = new JsonObject { ["benchmark"] = Benchmark, ["class"] = benchmark.Descriptor.Type.Name };
            foreach (var parameter in benchmark.Parameters.Items)
            {
                line[parameter.Name] = Convert.ToInt32(parameter.Value, System.Globalization.CultureInfo.InvariantCulture);
            }

            line["case"] = name;
            line["summary"] = true;
            line["medianNanoseconds"] = JsonLines.Round(statistics.Median);
            line["allocatedBytes"] = report.GcStats.GetBytesAllocatedPerOperation(benchmark);
            BenchmarkReport? baseline = summary.Reports.FirstOrDefault(r => r.BenchmarkCase.Descriptor.Baseline && r.BenchmarkCase.Parameters.DisplayInfo == benchmark.Parameters.DisplayInfo);
            if (baseline?.ResultStatistics is { } compared && baseline != report)
            {
                line[$"ratioTo_{baseline.BenchmarkCase.Descriptor.WorkloadMethod.Name}"] = JsonLines.Round(statistics.Median / compared.Median);
            }

            JsonLines.Write(line);
        }
    }
}
