using System.Diagnostics;
using EGoat.Benchmarks.Links;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;

namespace EGoat.Benchmarks.Workers;

/// <summary>Both ends of a ping-pong of small messages, alone or beside bulk that flows the same way as the pings.</summary>
internal static class PingWorker
{
    private const int PingBytes = 32;
    private const int LoadBytes = 64 * 1024;
    private const int WarmUpCount = 500;

    public static async Task PingAsync(string kind, int count, bool isLoaded, CancellationToken cancellationToken)
    {
        await using LinkSession session = LinkSession.Create(kind);
        session.ConnectThroughConsole(isOfferer: true);
        Link ping = await session.OpenAsync("ping", cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        long loadBytes = 0;
        if (isLoaded)
        {
            Link load = await session.OpenAsync("load", cancellationToken);
            _ = Task.Run(
                async () =>
                {
                    byte[] message = new byte[LoadBytes];
                    while (!stop.IsCancellationRequested)
                    {
                        await load.SendAsync(message, stop.Token);
                        Interlocked.Add(ref loadBytes, LoadBytes);
                    }
                },
                stop.Token);
        }

        byte[] message = new byte[PingBytes];
        await PingManyAsync(ping, message, new double[WarmUpCount], cancellationToken);
        double[] microseconds = new double[count];
        double cpuBefore = ProcessUsage.OfThis().CpuSeconds;
        long loadBefore = Interlocked.Read(ref loadBytes);
        long begin = Stopwatch.GetTimestamp();
        await PingManyAsync(ping, message, microseconds, cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        WorkerResult.Write(
            cpuBefore,
            ("medianMicroseconds", Statistics.Median(microseconds)),
            ("p99Microseconds", Statistics.Percentile(microseconds, 0.99)),
            ("maxMicroseconds", microseconds.Max()),
            ("loadMibPerSecond", (Interlocked.Read(ref loadBytes) - loadBefore) / (1024.0 * 1024) / seconds));
        await stop.CancelAsync();
    }

    public static async Task PongAsync(string kind, bool isLoaded, CancellationToken cancellationToken)
    {
        await using LinkSession session = LinkSession.Create(kind);
        session.ConnectThroughConsole(isOfferer: false);
        Link pong = await session.OpenAsync("ping", cancellationToken);
        if (isLoaded)
        {
            Link load = await session.OpenAsync("load", cancellationToken);
            _ = Task.Run(
                async () =>
                {
                    while (await load.ReceiveAsync(cancellationToken) > 0)
                    {
                        // Only to keep it flowing.
                    }
                },
                cancellationToken);
        }

        byte[] message = new byte[PingBytes];
        while (await pong.ReceiveAsync(cancellationToken) > 0)
        {
            await pong.SendAsync(message, cancellationToken);
        }
    }

    private static async Task PingManyAsync(Link link, byte[] message, double[] microseconds, CancellationToken cancellationToken)
    {
        for (int i = 0; i < microseconds.Length; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            await link.SendAsync(message, cancellationToken);
            await link.ReceiveAllAsync(message.Length, cancellationToken);
            microseconds[i] = Stopwatch.GetElapsedTime(begin).TotalMicroseconds;
        }
    }
}
