using System.Globalization;
using System.Runtime;

namespace EGoat.Benchmarks.Measuring;

/// <summary>What this process holds in memory now, after a full collection.</summary>
/// <param name="ManagedBytes">Live objects.</param>
/// <param name="NativeBytes">Resident anonymous memory that is not the managed heap: native libraries, threads' stacks, code.</param>
internal readonly record struct MemoryUse(double ManagedBytes, double NativeBytes)
{
    public static MemoryUse Measure()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return new MemoryUse(GC.GetTotalMemory(forceFullCollection: false), ResidentAnonymousBytes() - GC.GetGCMemoryInfo().TotalCommittedBytes);
    }

    private static double ResidentAnonymousBytes()
    {
        string? line = File.Exists("/proc/self/status") ? File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith("RssAnon:", StringComparison.Ordinal)) : null;
        return line is null ? Environment.WorkingSet : 1024 * double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    /// <summary>What has come since then, for each of a number of things, in KiB.</summary>
    public (string Name, double Value)[] Since(MemoryUse before, string thing, int count)
    {
        double managedKib = (ManagedBytes - before.ManagedBytes) / 1024 / count;
        double nativeKib = (NativeBytes - before.NativeBytes) / 1024 / count;
        return [($"managedKibPer{thing}", managedKib), ($"nativeKibPer{thing}", nativeKib), ($"kibPer{thing}", managedKib + nativeKib)];
    }
}
