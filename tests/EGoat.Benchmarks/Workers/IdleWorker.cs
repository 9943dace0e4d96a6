using EGoat.Benchmarks.Links;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;
using EGoat.WebRtc.Sockets;

namespace EGoat.Benchmarks.Workers;

/// <summary>
/// Many idle connections between two processes. The near ends share the sockets of one host, as those of a room do; each far
/// end has a host of its own, as another machine would. The memory of the near ends is measured.
/// </summary>
internal static class IdleWorker
{
    /// <summary>A stream that is read in small pieces needs no more.</summary>
    private const int TlsBufferBytes = 4096;

    /// <summary>
    /// Connections that are open before anything is measured: by then everything they call is compiled as it stays, which belongs to
    /// the process and not to one of them. A method is compiled again after 30 calls, and once more where the runtime counts its branches.
    /// </summary>
    public const int WarmUpConnections = 70;

    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(3);

    public static async Task NearAsync(string kind, int count, CancellationToken cancellationToken)
    {
        await using RtcHost host = RtcLinkSession.OpenHost();
        var sessions = new List<(LinkSession, Link)>();
        for (int i = 0; i < WarmUpConnections; i++)
        {
            sessions.Add(await OpenAsync(kind, host, isOfferer: true, cancellationToken));
        }

        await Task.Delay(SettleTime, cancellationToken);
        MemoryUse before = MemoryUse.Measure();
        double cpuBefore = ProcessUsage.OfThis().CpuSeconds;
        for (int i = 0; i < count; i++)
        {
            sessions.Add(await OpenAsync(kind, host, isOfferer: true, cancellationToken));
        }

        await Task.Delay(SettleTime, cancellationToken);
        WorkerResult.Write(cpuBefore, MemoryUse.Measure().Since(before, "End", count));
        GC.KeepAlive(sessions);
    }

    public static async Task FarAsync(string kind, int count, CancellationToken cancellationToken)
    {
        var sessions = new List<(LinkSession, Link)>();
        for (int i = 0; i < WarmUpConnections + count; i++)
        {
            sessions.Add(await OpenAsync(kind, null, isOfferer: false, cancellationToken));
        }

        await Task.Delay(Timeout.Infinite, cancellationToken);
        GC.KeepAlive(sessions);
    }

    // A message each way, so that nothing is left to be made later.
    private static async Task<(LinkSession, Link)> OpenAsync(string kind, RtcHost? host, bool isOfferer, CancellationToken cancellationToken)
    {
        LinkSession session = kind == LinkSession.Sockets
            ? new RtcLinkSession(host ?? RtcLinkSession.OpenHost(), ownsHost: false)
            : new TcpLinkSession(isTls: kind == LinkSession.Tls) { ReceiveBufferBytes = TlsBufferBytes };
        session.ConnectThroughConsole(isOfferer);
        Link link = await session.OpenAsync("idle", cancellationToken);
        if (isOfferer)
        {
            await link.SendAsync(new byte[32], cancellationToken);
            await link.ReceiveAllAsync(32, cancellationToken);
        }
        else
        {
            await link.ReceiveAllAsync(32, cancellationToken);
            await link.SendAsync(new byte[32], cancellationToken);
        }

        return (session, link);
    }
}
