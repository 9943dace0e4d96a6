using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using EGoat.Cli.Output;
using EGoat.Node;
using EGoat.Web;

namespace EGoat.Cli.Commands;

/// <summary>
/// <c>egoat demo</c>: a signaling server here, two further processes that join a room through it, talk both ways and pass a
/// file; then everything is compared.
/// </summary>
internal static class DemoCommand
{
    private const string RoomName = "demo";

    private static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(90);

    public static Command Create(StopSignals signals)
    {
        var mib = new Option<int>("--mib") { Description = "The size of the file in MiB (default 64).", HelpName = "N", DefaultValueFactory = _ => 64 };
        var json = new Option<bool>("--json") { Description = "One JSON object a line." };
        var command = new Command("demo", "Show that everything works: two processes chat and pass a file over a server of their own.") { mib, json };
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            () => result.GetValue(mib) is >= 0 and <= 64 * 1024 and int size
                ? RunAsync(size, result.GetValue(json) ? new DemoEvents() : new DemoLines(), cancellationToken)
                : throw new CommandException(ExitCode.Usage, "--mib is 0 to 65536."),
            signals));
        return command;
    }

    private static async Task<int> RunAsync(int mib, IDemoOutput output, CancellationToken cancellationToken)
    {
        string folder = Directory.CreateTempSubdirectory("egoat-demo-").FullName;
        try
        {
            EGoatNode node = EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(folder, "server") });
            await using (node.ConfigureAwait(false))
            {
                SignalingServer server = await node.StartSignalingAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, cancellationToken).ConfigureAwait(false);
                output.Say($"A signaling server runs at {server.Url}");
                return await RunPeersAsync(server.Url, folder, mib, output, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (CommandException)
        {
            output.ShowEnd(new DemoOutcome());
            throw;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> RunPeersAsync(Uri server, string folder, int mib, IDemoOutput output, CancellationToken cancellationToken)
    {
        string source = Path.Combine(folder, "goat.bin");
        byte[] sent = CreateFile(source, mib);
        using var ada = DemoPeer.Start(server, RoomName, "ada", folder);
        await ada.WaitAsync("joined", _ => true, StepTimeout, cancellationToken).ConfigureAwait(false);
        using var bob = DemoPeer.Start(server, RoomName, "bob", folder);
        await Task.WhenAll(
            ada.WaitAsync("join", e => (string?)e["name"] == "bob", StepTimeout, cancellationToken),
            bob.WaitAsync("join", e => (string?)e["name"] == "ada", StepTimeout, cancellationToken)).ConfigureAwait(false);
        output.Say("Two processes, ada and bob, are connected directly.");

        await ada.WriteLineAsync("Hello bob, here is a file.").ConfigureAwait(false);
        await bob.WaitAsync("message", e => (string?)e["from"] == "ada", StepTimeout, cancellationToken).ConfigureAwait(false);
        await bob.WriteLineAsync("Hello ada, I am waiting.").ConfigureAwait(false);
        await ada.WaitAsync("message", e => (string?)e["from"] == "bob", StepTimeout, cancellationToken).ConfigureAwait(false);
        output.Say("They have exchanged messages both ways.");

        await ada.WriteLineAsync($"/send {source}").ConfigureAwait(false);
        JsonObject transfer = await bob.WaitAsync("transfer", _ => true, StepTimeout + TimeSpan.FromSeconds(mib), cancellationToken).ConfigureAwait(false);
        await ada.WaitAsync("transfer", _ => true, StepTimeout, cancellationToken).ConfigureAwait(false);
        bool isCompleted = (string?)transfer["state"] == "Completed";
        bool isEqual = isCompleted && CryptographicOperations.FixedTimeEquals(sent, HashFile((string)transfer["path"]!));
        double rate = (double?)transfer["rate"] / (1024 * 1024) ?? 0;
        long length = (long?)transfer["length"] ?? 0;
        output.Say(isCompleted ? $"A file of {mib} MiB went from ada to bob at {rate:F1} MiB/s; its bytes are {(isEqual ? "equal" : "DIFFERENT")}." : $"The file did not arrive: {transfer["error"]}");

        await Task.WhenAll(ada.LeaveAsync(StepTimeout, cancellationToken), bob.LeaveAsync(StepTimeout, cancellationToken)).ConfigureAwait(false);
        int rows = await ShowHistoryAsync(folder, "ada", output, cancellationToken).ConfigureAwait(false) + await ShowHistoryAsync(folder, "bob", output, cancellationToken).ConfigureAwait(false);
        const int expectedRows = 4;
        bool isOk = isEqual && rows == expectedRows && length == new FileInfo(source).Length;
        output.ShowEnd(new DemoOutcome { IsOk = isOk, Messages = rows, FileBytes = length, IsHashEqual = isEqual, MibPerSecond = rate });
        return isOk ? ExitCode.Done : ExitCode.Failed;
    }

    private static async Task<int> ShowHistoryAsync(string folder, string name, IDemoOutput output, CancellationToken cancellationToken)
    {
        EGoatNode node = EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(folder, name) });
        await using (node.ConfigureAwait(false))
        {
            int rows = 0;
            output.Say($"The history of {name}:");
            await foreach (EGoatMessage message in node.History.QueryMessagesAsync(new HistoryQuery { Room = RoomName }, cancellationToken).ConfigureAwait(false))
            {
                rows++;
                output.ShowMessage(message);
            }

            return rows;
        }
    }

    private static byte[] CreateFile(string path, int mib)
    {
        using FileStream file = File.Create(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[1024 * 1024];
        for (int i = 0; i < mib; i++)
        {
            RandomNumberGenerator.Fill(block);
            hash.AppendData(block);
            file.Write(block);
        }

        return hash.GetHashAndReset();
    }

    private static byte[] HashFile(string path)
    {
        using FileStream file = File.OpenRead(path);
        return SHA256.HashData(file);
    }
}
