using System.Diagnostics;
using EGoat.Benchmarks.Links;
using EGoat.Benchmarks.Processes;

namespace EGoat.Benchmarks.Workers;

/// <summary>Both ends of bulk over a link: some to warm up, then what is measured, each confirmed by the receiver with one message.</summary>
internal static class BulkWorker
{
    public static async Task SendAsync(string kind, int messageBytes, long warmUpBytes, long bytes, CancellationToken cancellationToken)
    {
        await using LinkSession session = LinkSession.Create(kind);
        session.ConnectThroughConsole(isOfferer: true);
        Link link = await session.OpenAsync("bulk", cancellationToken);
        byte[] message = new byte[messageBytes];
        await SendManyAsync(link, message, warmUpBytes, cancellationToken);
        double cpuBefore = ProcessUsage.OfThis().CpuSeconds;
        long begin = Stopwatch.GetTimestamp();
        await SendManyAsync(link, message, bytes, cancellationToken);
        WorkerResult.Write(cpuBefore, ("seconds", Stopwatch.GetElapsedTime(begin).TotalSeconds));
    }

    public static async Task ReceiveAsync(string kind, int messageBytes, long warmUpBytes, long bytes, CancellationToken cancellationToken)
    {
        await using LinkSession session = LinkSession.Create(kind);
        session.ConnectThroughConsole(isOfferer: false);
        Link link = await session.OpenAsync("bulk", cancellationToken);
        await link.ReceiveAllAsync(Whole(warmUpBytes, messageBytes), cancellationToken);
        double cpuBefore = ProcessUsage.OfThis().CpuSeconds;
        await link.SendAsync(new byte[1], cancellationToken);
        await link.ReceiveAllAsync(Whole(bytes, messageBytes), cancellationToken);
        await link.SendAsync(new byte[1], cancellationToken);
        WorkerResult.Write(cpuBefore);
        await link.ReceiveAsync(cancellationToken); // until the sender has its confirmation, and leaves
    }

    private static async Task SendManyAsync(Link link, byte[] message, long bytes, CancellationToken cancellationToken)
    {
        for (long sent = 0; sent < bytes; sent += message.Length)
        {
            await link.SendAsync(message, cancellationToken);
        }

        await link.ReceiveAllAsync(1, cancellationToken);
    }

    private static long Whole(long bytes, int messageBytes) => (bytes + messageBytes - 1) / messageBytes * messageBytes;
}
