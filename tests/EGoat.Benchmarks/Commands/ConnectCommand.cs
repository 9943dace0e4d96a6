using System.CommandLine;
using System.Diagnostics;
using System.Net;
using EGoat.Benchmarks.Links;
using EGoat.Benchmarks.Measuring;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Web;
using EGoat.WebRtc.Sockets;

namespace EGoat.Benchmarks.Commands;

/// <summary><c>connect</c>: how long two peers in one process take to connect on loopback, with and without a room.</summary>
internal static class ConnectCommand
{
    private const string Benchmark = "connect";
    private const int WarmUpCount = 3;

    public static Command Create()
    {
        Option<int> count = CommandOptions.Number("--count", 50, "Connections of each kind, the kinds in turn");
        var command = new Command(Benchmark, "Connecting on loopback, with and without a room; baseline: TCP and TLS with certificates on both sides.") { count };
        command.SetAction(async (result, cancellationToken) =>
        {
            Machine.Describe();
            await RunAsync(result.GetValue(count), cancellationToken);
        });
        return command;
    }

    private static async Task RunAsync(int count, CancellationToken cancellationToken)
    {
        using ScratchFolder folder = ScratchFolder.InMemory();
        await using RtcHost hostA = RtcLinkSession.OpenHost();
        await using RtcHost hostZ = RtcLinkSession.OpenHost();
        await using EGoatNode nodeA = EGoatNode.Open(new NodeOptions { DataFolder = folder.Sub("a") });
        await using EGoatNode nodeZ = EGoatNode.Open(new NodeOptions { DataFolder = folder.Sub("z") });
        SignalingServer server = await nodeA.StartSignalingAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, cancellationToken);
        RoomOptions options = new() { Server = server.Url, Room = "bench", DisplayName = "bench" };
        Room roomA = await nodeA.JoinAsync(options, cancellationToken);
        var series = new Series(Benchmark);
        for (int i = -WarmUpCount; i < count; i++)
        {
            double sockets = await ConnectSocketsAsync(hostA, hostZ, cancellationToken);
            double room = await ConnectRoomAsync(nodeZ, options, roomA, cancellationToken);
            double tls = await ConnectTlsAsync(cancellationToken);
            if (i >= 0)
            {
                series.Add("sockets", ("milliseconds", sockets));
                series.Add("room", ("milliseconds", room));
                series.Add("tls", ("milliseconds", tls));
            }
        }

        series.Summarize("milliseconds", "tls");
    }

    // Until both ends can use channels.
    private static async Task<double> ConnectSocketsAsync(RtcHost hostA, RtcHost hostZ, CancellationToken cancellationToken)
    {
        long begin = Stopwatch.GetTimestamp();
        await using var a = new RtcLinkSession(hostA, ownsHost: false);
        await using var z = new RtcLinkSession(hostZ, ownsHost: false);
        a.Accept(z.Answer(a.Offer()));
        await Task.WhenAll(a.Connected, z.Connected).WaitAsync(cancellationToken);
        return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
    }

    // From the call that joins, the signaling included, until each has the other as a connected member.
    private static async Task<double> ConnectRoomAsync(EGoatNode node, RoomOptions options, Room other, CancellationToken cancellationToken)
    {
        long begin = Stopwatch.GetTimestamp();
        await using Room room = await node.JoinAsync(options, cancellationToken);
        await Task.WhenAll(room.WaitForPeersAsync(1, acceptingFiles: false, cancellationToken), other.WaitForPeersAsync(1, acceptingFiles: false, cancellationToken));
        double milliseconds = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        await room.LeaveAsync(cancellationToken);
        while (other.Peers.Any(p => p.State == EGoatPeerState.Connected))
        {
            await Task.Delay(5, cancellationToken);
        }

        return milliseconds;
    }

    private static async Task<double> ConnectTlsAsync(CancellationToken cancellationToken)
    {
        long begin = Stopwatch.GetTimestamp();
        await using LinkSession a = LinkSession.Create(LinkSession.Tls);
        await using LinkSession z = LinkSession.Create(LinkSession.Tls);
        a.Accept(z.Answer(a.Offer()));
        await Task.WhenAll(a.OpenAsync("", cancellationToken), z.OpenAsync("", cancellationToken));
        return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
    }
}
