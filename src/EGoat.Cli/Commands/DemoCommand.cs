using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
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
        var json = new Option<bool>("--json") { Description = "A last line in JSON." };
        var command = new Command("demo", "Show that everything works: two processes chat and pass a file over a server of their own.") { mib, json };
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            () => result.GetValue(mib) is >= 0 and <= 64 * 1024 and int size
                ? RunAsync(size, result.GetValue(json), cancellationToken)
                : throw new CommandException(ExitCode.Usage, "--mib is 0 to 65536."),
            signals));
        return command;
    }

    private static async Task<int> RunAsync(int mib, bool isJson, CancellationToken cancellationToken)
    {
        string folder = Directory.CreateTempSubdirectory("egoat-demo-").FullName;
        try
        {
            EGoatNode node = EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(folder, "server") });
            await using (node.ConfigureAwait(false))
            {
                SignalingServer server = await node.StartSignalingAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, cancellationToken).ConfigureAwait(false);
                Console.WriteLine($"A signaling server runs at {server.Url}");
                return await RunPeersAsync(server.Url, folder, mib, isJson, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> RunPeersAsync(Uri server, string folder, int mib, bool isJson, CancellationToken cancellationToken)
    {
        string source = Path.Combine(folder, "goat.bin");
        byte[] sent = CreateFile(source, mib);
        using var ada = DemoPeer.Start(server, RoomName, "ada", folder);
        await ada.WaitAsync("joined", _ => true, StepTimeout, cancellationToken).ConfigureAwait(false);
        using var bob = DemoPeer.Start(server, RoomName, "bob", folder);
        await Task.WhenAll(
            ada.WaitAsync("join", e => (string?)e["name"] == "bob", StepTimeout, cancellationToken),
            bob.WaitAsync("join", e => (string?)e["name"] == "ada", StepTimeout, cancellationToken)).ConfigureAwait(false);
        Console.WriteLine("Two processes, ada and bob, are connected directly.");

        await ada.WriteLineAsync("Hello bob, here is a file.").ConfigureAwait(false);
        await bob.WaitAsync("message", e => (string?)e["from"] == "ada", StepTimeout, cancellationToken).ConfigureAwait(false);
        await bob.WriteLineAsync("Hello ada, I am waiting.").ConfigureAwait(false);
        await ada.WaitAsync("message", e => (string?)e["from"] == "bob", StepTimeout, cancellationToken).ConfigureAwait(false);
        Console.WriteLine("They have exchanged messages both ways.");

        await ada.WriteLineAsync($"/send {source}").ConfigureAwait(false);
        JsonObject transfer = await bob.WaitAsync("transfer", _ => true, StepTimeout + TimeSpan.FromSeconds(mib), cancellationToken).ConfigureAwait(false);
        await ada.WaitAsync("transfer", _ => true, StepTimeout, cancellationToken).ConfigureAwait(false);
        bool isCompleted = (string?)transfer["state"] == "Completed";
        bool isEqual = isCompleted && CryptographicOperations.FixedTimeEquals(sent, HashFile((string)transfer["path"]!));
        double rate = (double?)transfer["rate"] / (1024 * 1024) ?? 0;
        long length = (long?)transfer["length"] ?? 0;
        Console.WriteLine(isCompleted ? $"A file of {mib} MiB went from ada to bob at {rate:F1} MiB/s; its bytes are {(isEqual ? "equal" : "DIFFERENT")}." : $"The file did not arrive: {transfer["error"]}");

        await Task.WhenAll(ada.LeaveAsync(StepTimeout, cancellationToken), bob.LeaveAsync(StepTimeout, cancellationToken)).ConfigureAwait(false);
        int rows = await ShowHistoryAsync(folder, "ada", cancellationToken).ConfigureAwait(false) + await ShowHistoryAsync(folder, "bob", cancellationToken).ConfigureAwait(false);
        const int expectedRows = 4;
        bool isOk = isEqual && rows == expectedRows && length == new FileInfo(source).Length;
        if (isJson)
        {
            Console.WriteLine(EventJson.Object(new JsonObject { ["ok"] = isOk, ["messages"] = rows, ["fileBytes"] = length, ["hashEqual"] = isEqual, ["mibPerSecond"] = Math.Round(rate, 1) }));
        }
        else
        {
            Console.WriteLine(isOk ? "ok" : "Something was not equal.");
        }

        return isOk ? ExitCode.Done : ExitCode.Failed;
    }

    private static async Task<int> ShowHistoryAsync(string folder, string name, CancellationToken cancellationToken)
    {
        EGoatNode node = EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(folder, name) });
        await using (node.ConfigureAwait(false))
        {
            int rows = 0;
            Console.WriteLine($"The history of {name}:");
            await foreach (EGoatMessage message in node.History.QueryMessagesAsync(new HistoryQuery { Room = RoomName }, cancellationToken).ConfigureAwait(false))
            {
                rows++;
                Console.WriteLine($"  {message.Direction,-8}  {VisibleText.Line(message.From)}: {VisibleText.Text(message.Text, "    ")}");
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

    /// <summary>A process of this program in a room: its events, and lines for it.</summary>
    private sealed class DemoPeer : IDisposable
    {
        private readonly Process _process;
        private readonly string _name;
        private readonly System.Threading.Channels.Channel<JsonObject> _events = System.Threading.Channels.Channel.CreateUnbounded<JsonObject>();

        private DemoPeer(Process process, string name)
        {
            _process = process;
            _name = name;
            process.OutputDataReceived += (_, e) => HandleLine(e.Data);
            process.ErrorDataReceived += (_, e) =>
            {
                if (e.Data is not null)
                {
                    Console.Error.WriteLine($"{name}: {e.Data}");
                }
            };
        }

        public static DemoPeer Start(Uri server, string room, string name, string folder)
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "dotnet")
            {
                start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
            }

            foreach (string argument in (string[])["chat", "--commands", "--json", "--server", server.ToString(), "--room", room, "--name", name, "--data", Path.Combine(folder, name), "--output", Path.Combine(folder, $"{name}-received")])
            {
                start.ArgumentList.Add(argument);
            }

            var peer = new DemoPeer(new Process { StartInfo = start }, name);
            peer._process.Start();
            peer._process.BeginOutputReadLine();
            peer._process.BeginErrorReadLine();
            return peer;
        }

        public Task WriteLineAsync(string line) => _process.StandardInput.WriteLineAsync(line);

        /// <summary>The next event of a kind that meets a condition.</summary>
        public async Task<JsonObject> WaitAsync(string kind, Func<JsonObject, bool> condition, TimeSpan timeout, CancellationToken cancellationToken)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(timeout);
            try
            {
                await foreach (JsonObject e in _events.Reader.ReadAllAsync(limit.Token).ConfigureAwait(false))
                {
                    if ((string?)e["event"] == kind && condition(e))
                    {
                        return e;
                    }
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new CommandException(ExitCode.Failed, $"The process {_name} did not report '{kind}' within {timeout.TotalSeconds:F0} s.");
            }

            throw new CommandException(ExitCode.Failed, $"The process {_name} ended before it reported '{kind}'.");
        }

        /// <summary>The end of its input lets it leave.</summary>
        public async Task LeaveAsync(TimeSpan timeout, CancellationToken cancellationToken)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync(cancellationToken).WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
            if (_process.ExitCode != ExitCode.Done)
            {
                throw new CommandException(ExitCode.Failed, $"The process {_name} ended with exit code {_process.ExitCode}.");
            }
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill();
                _process.WaitForExit();
            }

            _process.Dispose();
        }

        private void HandleLine(string? line)
        {
            if (line is null)
            {
                _events.Writer.TryComplete();
                return;
            }

            try
            {
                if (JsonNode.Parse(line) is JsonObject e)
                {
                    _events.Writer.TryWrite(e);
                }
            }
            catch (JsonException)
            {
                Console.Error.WriteLine($"{_name}: {line}");
            }
        }
    }
}
