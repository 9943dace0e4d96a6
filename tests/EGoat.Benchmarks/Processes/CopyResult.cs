namespace EGoat.Benchmarks.Processes;

/// <summary>One copy: its seconds, and what both sides have used. Receivers: CPU in all, memory of the largest.</summary>
internal readonly record struct CopyResult(double Seconds, ProcessUsage Sender, ProcessUsage Receivers)
{
    /// <summary>The figures of a copy of so many MiB, counted once whatever the number of receivers.</summary>
    public (string Name, double Value)[] ToFigures(double mib) =>
    [
        ("seconds", Seconds),
        ("mibPerSecond", mib / Seconds),
        ("cpuSecondsPerGib", (Sender.CpuSeconds + Receivers.CpuSeconds) / (mib / 1024)),
        ("senderCpuSeconds", Sender.CpuSeconds),
        ("receiverCpuSeconds", Receivers.CpuSeconds),
        ("senderPeakMib", Sender.PeakMib),
        ("receiverPeakMib", Receivers.PeakMib),
    ];
}
