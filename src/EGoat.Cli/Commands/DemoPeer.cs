using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EGoat.Cli.Commands;

/// <summary>A process of this program in a room: its events, and lines for it.</summary>
internal sealed class DemoPeer : IDisposable
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
