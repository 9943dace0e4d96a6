using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;

namespace EGoat.Benchmarks.Workers;

/// <summary>Both ends of the plain TCP copy.</summary>
internal static class CopyWorker
{
    private const int BlockBytes = 1024 * 1024;

    /// <summary>Takes one connection, writes what comes to a file, and answers with a byte when all is there.</summary>
    public static void Receive(string path, bool isSynced)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        JsonLines.Write(new JsonObject { ["event"] = "listening", ["port"] = ((IPEndPoint)listener.LocalEndpoint).Port });
        using Socket socket = listener.AcceptSocket();
        double cpuBefore = ProcessUsage.OfThis().CpuSeconds;
        byte[] block = new byte[BlockBytes];
        using (FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            for (int length; (length = socket.Receive(block)) > 0;)
            {
                file.Write(block, 0, length);
            }

            if (isSynced)
            {
                file.Flush(flushToDisk: true);
            }
        }

        socket.Send([1]);
        WorkerResult.Write(cpuBefore);
    }

    /// <summary>Sends a file to each port, all at the same time, and waits for the answers.</summary>
    public static void Send(string path, int[] ports)
    {
        Socket[] sockets = [.. ports.Select(Connect)];
        double cpuBefore = ProcessUsage.OfThis().CpuSeconds;
        long begin = Stopwatch.GetTimestamp();
        Thread[] threads = [.. sockets.Select(s => new Thread(() => Send(path, s)))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        WorkerResult.Write(cpuBefore, ("seconds", Stopwatch.GetElapsedTime(begin).TotalSeconds));
        Array.ForEach(sockets, s => s.Dispose());
    }

    private static Socket Connect(int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    private static void Send(string path, Socket socket)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        byte[] block = new byte[BlockBytes];
        for (int length; (length = file.Read(block)) > 0;)
        {
            for (int sent = 0; sent < length;)
            {
                sent += socket.Send(block.AsSpan(sent, length - sent));
            }
        }

        socket.Shutdown(SocketShutdown.Send);
        if (socket.Receive(block) != 1)
        {
            throw new IOException("The receiver has not answered.");
        }
    }
}
