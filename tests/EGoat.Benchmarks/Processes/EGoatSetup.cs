using System.Globalization;
using System.Text.Json.Nodes;

namespace EGoat.Benchmarks.Processes;

/// <summary>A signaling server of its own, and egoat processes that send files to each other over it.</summary>
internal sealed class EGoatSetup : IDisposable
{
    private readonly string[] _program;
    private readonly string _folder;
    private readonly ChildProcess _server;
    private int _rooms;

    private EGoatSetup(string[] program, string folder, ChildProcess server, string url)
    {
        _program = program;
        _folder = folder;
        _server = server;
        Url = url;
    }

    /// <summary>The signaling server.</summary>
    public string Url { get; }

    /// <param name="program">The words that start egoat.</param>
    /// <param name="folder">Where installations and received files go.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<EGoatSetup> StartAsync(string[] program, string folder, CancellationToken cancellationToken)
    {
        ChildProcess server = ChildProcess.Start("egoat serve", [.. program, "serve", "--listen", "127.0.0.1:0", "--json", "--data", Path.Combine(folder, "server")]);
        try
        {
            (JsonObject line, _) = await server.ReadEventAsync("", cancellationToken);
            return new EGoatSetup(program, folder, server, (string)line["url"]!);
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Sends a file to a number of receivers, each a process; what was received is deleted.</summary>
    /// <param name="file">The file.</param>
    /// <param name="receiverCount">How many receivers.</param>
    /// <param name="maxPacket">Bytes of the longest datagram of every participant; null for its default.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="environment">Environment variables of every participant.</param>
    /// <returns>
    /// Seconds from the offer to the last confirmation that everything is verified and in place, as the sender tells; and what
    /// sender and receivers have used, CPU from the connection on.
    /// </returns>
    public async Task<CopyResult> SendAsync(string file, int receiverCount, int? maxPacket, CancellationToken cancellationToken, params (string Name, string Value)[] environment)
    {
        string[] room = ["--server", Url, "--room", $"bench{++_rooms}", "--json", .. maxPacket is { } bytes ? ["--max-packet", bytes.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>()];
        var receivers = new List<ChildProcess>();
        try
        {
            for (int i = 0; i < receiverCount; i++)
            {
                receivers.Add(ChildProcess.Start($"receiver {i}", [.. _program, "receive", .. room, "--data", Home($"receiver{i}"), "--output", Inbox(i)], environment));
                await receivers[i].ReadEventAsync("joined", cancellationToken);
            }

            using ChildProcess sender = ChildProcess.Start(
                "sender", [.. _program, "send", .. room, "--data", Home("sender"), "--peers", receiverCount.ToString(CultureInfo.InvariantCulture), file], environment);
            double senderCpuBefore = (await ReadManyAsync(sender, "join", receiverCount, cancellationToken)).Max(e => e.Usage.CpuSeconds);
            double receiverCpuBefore = 0;
            foreach (ChildProcess receiver in receivers)
            {
                receiverCpuBefore += (await receiver.ReadEventAsync("join", cancellationToken)).Usage.CpuSeconds;
            }

            List<(JsonObject Event, ProcessUsage Usage)> sent = await ReadManyAsync(sender, "transfer", receiverCount, cancellationToken);
            var received = new List<ProcessUsage>();
            foreach (ChildProcess receiver in receivers)
            {
                (JsonObject transfer, ProcessUsage usage) = await receiver.ReadEventAsync("transfer", cancellationToken);
                EnsureCompleted(transfer);
                received.Add(usage);
                File.Delete((string)transfer["path"]!);
            }

            sent.ForEach(e => EnsureCompleted(e.Event));
            await sender.WaitAsync(cancellationToken);
            return new CopyResult(
                (sent.Max(e => Time(e.Event, "finished")) - sent.Min(e => Time(e.Event, "started"))).TotalSeconds,
                new ProcessUsage(sent.Max(e => e.Usage.CpuSeconds) - senderCpuBefore, sent.Max(e => e.Usage.PeakMib)),
                new ProcessUsage(received.Sum(u => u.CpuSeconds) - receiverCpuBefore, received.Max(u => u.PeakMib)));
        }
        finally
        {
            receivers.ForEach(r => r.Dispose());
        }
    }

    public void Dispose() => _server.Dispose();

    private static async Task<List<(JsonObject Event, ProcessUsage Usage)>> ReadManyAsync(ChildProcess process, string kind, int count, CancellationToken cancellationToken)
    {
        var events = new List<(JsonObject, ProcessUsage)>();
        while (events.Count < count)
        {
            events.Add(await process.ReadEventAsync(kind, cancellationToken));
        }

        return events;
    }

    private static DateTimeOffset Time(JsonObject transfer, string name) => transfer[name]!.GetValue<DateTimeOffset>();

    private static void EnsureCompleted(JsonObject transfer)
    {
        if ((string?)transfer["state"] != "Completed")
        {
            throw new InvalidOperationException($"A transfer ended as {transfer["state"]}: {transfer["error"]}");
        }
    }

    private string Home(string name) => Path.Combine(_folder, name);

    private string Inbox(int receiver) => Path.Combine(_folder, $"inbox{receiver}");
}
