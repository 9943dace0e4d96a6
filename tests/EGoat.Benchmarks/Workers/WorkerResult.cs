using System.Text.Json.Nodes;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;

namespace EGoat.Benchmarks.Workers;

/// <summary>The last line of a worker.</summary>
internal static class WorkerResult
{
    /// <param name="cpuSecondsBefore">What this process had used before the part that is measured.</param>
    /// <param name="figures">Further figures.</param>
    public static void Write(double cpuSecondsBefore, params (string Name, double Value)[] figures)
    {
        ProcessUsage usage = ProcessUsage.OfThis();
        var line = new JsonObject { ["event"] = "result", ["cpuSeconds"] = usage.CpuSeconds - cpuSecondsBefore, ["peakMib"] = usage.PeakMib };
        foreach ((string name, double value) in figures)
        {
            line[name] = value;
        }

        JsonLines.Write(line);
    }
}
