using System.Globalization;
using System.Text.Json.Nodes;

namespace EGoat.Benchmarks.Processes;

/// <summary>The plainest copy: one process reads a file and writes it to TCP connections, one or more others write it to files.</summary>
internal static class TcpCopy
{
    public static async Task<CopyResult> RunAsync(string file, string folder, int receiverCount, bool isSynced, CancellationToken cancellationToken)
    {
        var receivers = new List<ChildProcess>();
        try
        {
            var ports = new List<string>();
            for (int i = 0; i < receiverCount; i++)
            {
                receivers.Add(ChildProcess.Start($"tcp receiver {i}", Programs.Worker("copy-receive", "--path", Target(folder, i), "--sync", isSynced ? "true" : "false")));
                (JsonObject line, _) = await receivers[i].ReadEventAsync("listening", cancellationToken);
                ports.Add(((int)line["port"]!).ToString(CultureInfo.InvariantCulture));
            }

            using ChildProcess sender = ChildProcess.Start("tcp sender", Programs.Worker("copy-send", "--path", file, "--ports", string.Join(',', ports)));
            (JsonObject sent, _) = await sender.ReadEventAsync("result", cancellationToken);
            double receiverCpuSeconds = 0;
            double receiverPeakMib = 0;
            for (int i = 0; i < receiverCount; i++)
            {
                (JsonObject received, _) = await receivers[i].ReadEventAsync("result", cancellationToken);
                receiverCpuSeconds += (double)received["cpuSeconds"]!;
                receiverPeakMib = Math.Max(receiverPeakMib, (double)received["peakMib"]!);
                if (new FileInfo(Target(folder, i)).Length != new FileInfo(file).Length)
                {
                    throw new InvalidOperationException("The TCP copy is not as long as its source.");
                }

                File.Delete(Target(folder, i));
            }

            return new CopyResult(
                (double)sent["seconds"]!,
                new ProcessUsage((double)sent["cpuSeconds"]!, (double)sent["peakMib"]!),
                new ProcessUsage(receiverCpuSeconds, receiverPeakMib));
        }
        finally
        {
            receivers.ForEach(r => r.Dispose());
        }
    }

    private static string Target(string folder, int receiver) => Path.Combine(folder, $"tcp{receiver}.bin");
}
