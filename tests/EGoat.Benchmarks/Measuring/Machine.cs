using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace EGoat.Benchmarks.Measuring;

/// <summary>What figures depend on: the first line of every benchmark.</summary>
internal static class Machine
{
    private static readonly string Configuration = typeof(Machine).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration ?? "";

    public static void Describe()
    {
        if (Configuration != "Release")
        {
            Console.Error.WriteLine("This is not a Release build: its figures mean nothing. Use -c Release.");
        }

        JsonLines.Write(new JsonObject
        {
            ["benchmark"] = "machine",
            ["at"] = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
            ["cpu"] = ReadCpu(),
            ["cores"] = Environment.ProcessorCount,
            ["memoryMib"] = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024),
            ["load"] = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : null,
            ["os"] = $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
            ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["configuration"] = Configuration,
        });
    }

    private static string? ReadCpu() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
        : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
}
