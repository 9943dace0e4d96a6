using System.Diagnostics;
using System.Net;
using EGoat.Benchmarks.Links;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Web;

namespace EGoat.Benchmarks.Workers;

/// <summary>A full mesh in one process: of installations in a room, or, as the baseline, of TLS connections.</summary>
internal static class MeshWorker
{
    private const int MessageCount = 20;
    private const int MessageBytes = 32;
    private const int TlsBufferBytes = 4096;

    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(2);

    /// <summary>Installations join a room, all at the same time; then one of them sends texts to all.</summary>
    public static async Task RunRoomAsync(int peers, string folder, CancellationToken cancellationToken)
    {
        await using EGoatNode host = EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(folder, "server") });
        SignalingServer server = await host.StartSignalingAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, cancellationToken);
        await WarmUpAsync(server.Url, folder, cancellationToken);
        EGoatNode[] nodes = OpenNodes(folder, "peer", peers);
        MemoryUse before = MemoryUse.Measure();
        double cpuBefore = ProcessUsage.OfThis().CpuSeconds;
        long begin = Stopwatch.GetTimestamp();
        Room[] rooms = await JoinAsync(nodes, server.Url, "mesh", cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        double cpuSeconds = ProcessUsage.OfThis().CpuSeconds - cpuBefore;
        await Task.Delay(SettleTime, cancellationToken);
        (string, double)[] memory = MemoryUse.Measure().Since(before, "End", peers * (peers - 1));
        double milliseconds = await MeasureMessagesAsync(async () =>
        {
            SentMessage sent = await rooms[0].SendTextAsync("A text of thirty-two characters.", cancellationToken: cancellationToken);
            await sent.Outcome.WaitAsync(cancellationToken);
        });
        WorkerResult.Write(cpuBefore, [("seconds", seconds), ("meshCpuSeconds", cpuSeconds), .. memory, ("messageMilliseconds", milliseconds)]);
        await Task.WhenAll(nodes.Select(n => n.DisposeAsync().AsTask()));
    }

    /// <summary>Every pair connects with TLS, all at the same time; then one end sends a message to all others, which return it.</summary>
    public static async Task RunTlsAsync(int peers, CancellationToken cancellationToken)
    {
        await ConnectAsync(cancellationToken);
        MemoryUse before = MemoryUse.Measure();
        double cpuBefore = ProcessUsage.OfThis().CpuSeconds;
        long begin = Stopwatch.GetTimestamp();
        var pairs = new List<Task<(Link A, Link Z)>>();
        for (int a = 0; a < peers; a++)
        {
            for (int z = a + 1; z < peers; z++)
            {
                pairs.Add(Task.Run(() => ConnectAsync(cancellationToken), cancellationToken));
            }
        }

        (Link A, Link Z)[] links = await Task.WhenAll(pairs);
        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        double cpuSeconds = ProcessUsage.OfThis().CpuSeconds - cpuBefore;
        await Task.Delay(SettleTime, cancellationToken);
        (string, double)[] memory = MemoryUse.Measure().Since(before, "End", peers * (peers - 1));

        // The first pairs are those of the first peer.
        double milliseconds = await MeasureMessagesAsync(() => Task.WhenAll(links.Take(peers - 1).Select(l => Task.Run(
            async () =>
            {
                await l.A.SendAsync(new byte[MessageBytes], cancellationToken);
                await l.Z.ReceiveAllAsync(MessageBytes, cancellationToken);
                await l.Z.SendAsync(new byte[MessageBytes], cancellationToken);
                await l.A.ReceiveAllAsync(MessageBytes, cancellationToken);
            },
            cancellationToken))));
        WorkerResult.Write(cpuBefore, [("seconds", seconds), ("meshCpuSeconds", cpuSeconds), .. memory, ("messageMilliseconds", milliseconds)]);
        GC.KeepAlive(links);
    }

    // What a process pays once is no part of a mesh.
    private static async Task WarmUpAsync(Uri server, string folder, CancellationToken cancellationToken)
    {
        EGoatNode[] nodes = OpenNodes(folder, "warm", 2);
        await JoinAsync(nodes, server, "warm-up", cancellationToken);
        await Task.WhenAll(nodes.Select(n => n.DisposeAsync().AsTask()));
    }

    private static EGoatNode[] OpenNodes(string folder, string name, int count) =>
        [.. Enumerable.Range(0, count).Select(i => EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(folder, $"{name}{i}") }))];

    // Until each has all others as connected members.
    private static Task<Room[]> JoinAsync(EGoatNode[] nodes, Uri server, string name, CancellationToken cancellationToken) => Task.WhenAll(nodes.Select((n, i) => Task.Run(
        async () =>
        {
            Room room = await n.JoinAsync(new RoomOptions { Server = server, Room = name, DisplayName = $"peer{i}" }, cancellationToken);
            await room.WaitForPeersAsync(nodes.Length - 1, acceptingFiles: false, cancellationToken);
            return room;
        },
        cancellationToken)));

    private static async Task<(Link A, Link Z)> ConnectAsync(CancellationToken cancellationToken)
    {
        var a = new TcpLinkSession(isTls: true) { ReceiveBufferBytes = TlsBufferBytes };
        var z = new TcpLinkSession(isTls: true) { ReceiveBufferBytes = TlsBufferBytes };
        a.Accept(z.Answer(a.Offer()));
        Link[] links = await Task.WhenAll(a.OpenAsync("", cancellationToken), z.OpenAsync("", cancellationToken));
        return (links[0], links[1]);
    }

    // The first one, which pays for what happens once, is left out.
    private static async Task<double> MeasureMessagesAsync(Func<Task> send)
    {
        var milliseconds = new List<double>();
        for (int i = 0; i < MessageCount + 1; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            await send();
            milliseconds.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
        }

        return Statistics.Median(milliseconds[1..]);
    }
}
