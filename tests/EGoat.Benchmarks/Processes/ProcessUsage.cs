using System.Diagnostics;
using System.Globalization;

namespace EGoat.Benchmarks.Processes;

/// <summary>What a process has used so far.</summary>
/// <param name="CpuSeconds">User and system time.</param>
/// <param name="PeakMib">The most memory that it had resident (VmHWM), in MiB.</param>
internal readonly record struct ProcessUsage(double CpuSeconds, double PeakMib)
{
    /// <summary>USER_HZ: the unit of times in /proc, the same on all Linux machines that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    private const int UserTimeField = 13;
    private const int ChildrenUserTimeField = 15;

    /// <summary>This process.</summary>
    public static ProcessUsage OfThis()
    {
        using Process current = Process.GetCurrentProcess();
        return new ProcessUsage(Environment.CpuUsage.TotalTime.TotalSeconds, current.PeakWorkingSet64 / (1024.0 * 1024));
    }

    /// <summary>Another process; false when it has ended, or where there is no /proc.</summary>
    public static bool TryRead(int processId, out ProcessUsage usage)
    {
        usage = default;
        try
        {
            string? peak = File.ReadLines($"/proc/{processId}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            if (peak is null)
            {
                return false;
            }

            double peakKib = double.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
            usage = new ProcessUsage(ReadTimes(processId, UserTimeField), peakKib / 1024);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>CPU seconds of a process's children that have ended, and theirs.</summary>
    public static double OfEndedChildren(int processId) => ReadTimes(processId, ChildrenUserTimeField);

    // proc(5): the second field, in parentheses, is the only one that may hold spaces. System time follows user time.
    private static double ReadTimes(int processId, int field)
    {
        string stat = File.ReadAllText($"/proc/{processId}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[field - 2], CultureInfo.InvariantCulture) + double.Parse(fields[field - 1], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
