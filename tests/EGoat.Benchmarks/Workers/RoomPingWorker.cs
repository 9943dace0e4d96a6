using System.Diagnostics;
using System.Text.Json.Nodes;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;
using EGoat.Mesh;
using EGoat.Node;

namespace EGoat.Benchmarks.Workers;

/// <summary>Both ends of texts in a room: from the call until the receiver has stored and confirmed each, alone or beside a file.</summary>
internal static class RoomPingWorker
{
    private const int WarmUpCount = 50;

    /// <summary>Time for a file to reach its speed.</summary>
    private static readonly TimeSpan LoadDelay = TimeSpan.FromSeconds(1);

    public static async Task PingAsync(string server, string roomName, string folder, int count, string? file, CancellationToken cancellationToken)
    {
        await using EGoatNode node = EGoatNode.Open(new NodeOptions { DataFolder = folder });
        Room room = await JoinAsync(node, server, roomName, null, cancellationToken);
        await room.WaitForPeersAsync(1, acceptingFiles: true, cancellationToken);
        await SendManyAsync(room, new double[WarmUpCount], cancellationToken);
        FileSend? load = null;
        if (file is not null)
        {
            load = room.SendFiles([file], cancellationToken);
            await Task.Delay(LoadDelay, cancellationToken);
        }

        double[] microseconds = new double[count];
        double cpuBefore = ProcessUsage.OfThis().CpuSeconds;
        long loadBefore = SentBytes(room);
        long begin = Stopwatch.GetTimestamp();
        await SendManyAsync(room, microseconds, cancellationToken);
        double loadMib = (SentBytes(room) - loadBefore) / (1024.0 * 1024);
        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        if (load?.Completion.IsCompleted == true)
        {
            throw new InvalidOperationException("The file was there before the last text: take a longer one (--mib).");
        }

        WorkerResult.Write(
            cpuBefore,
            ("medianMicroseconds", Statistics.Median(microseconds)),
            ("p99Microseconds", Statistics.Percentile(microseconds, 0.99)),
            ("maxMicroseconds", microseconds.Max()),
            ("loadMibPerSecond", loadMib / seconds));
    }

    public static async Task PongAsync(string server, string roomName, string folder, CancellationToken cancellationToken)
    {
        await using EGoatNode node = EGoatNode.Open(new NodeOptions { DataFolder = folder });
        await JoinAsync(node, server, roomName, new ReceiveOptions { Destination = Path.Combine(folder, "inbox") }, cancellationToken);
        JsonLines.Write(new JsonObject { ["event"] = "joined" });
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    private static Task<Room> JoinAsync(EGoatNode node, string server, string roomName, ReceiveOptions? receive, CancellationToken cancellationToken) =>
        node.JoinAsync(new RoomOptions { Server = new Uri(server), Room = roomName, DisplayName = "bench", Receive = receive }, cancellationToken);

    private static long SentBytes(Room room) => room.Transfers.Sum(t => t.BytesTransferred);

    private static async Task SendManyAsync(Room room, double[] microseconds, CancellationToken cancellationToken)
    {
        for (int i = 0; i < microseconds.Length; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            SentMessage sent = await room.SendTextAsync("A ping of thirty-two characters.", cancellationToken: cancellationToken);
            await sent.Outcome.WaitAsync(cancellationToken);
            microseconds[i] = Stopwatch.GetElapsedTime(begin).TotalMicroseconds;
        }
    }
}
