using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace EGoat.Benchmarks.Processes;

/// <summary>A process that writes JSON lines: its events with what it had used by then, its end. Disposing of it ends it.</summary>
internal sealed class ChildProcess : IDisposable
{
    /// <summary>The longest wait for one event.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly Process _process;
    private readonly string _name;
    private readonly Channel<(JsonObject Event, ProcessUsage Usage)> _events = Channel.CreateUnbounded<(JsonObject, ProcessUsage)>();
    private readonly StringBuilder _errors = new();

    private ChildProcess(Process process, string name)
    {
        _process = process;
        _name = name;
        process.OutputDataReceived += (_, e) => HandleLine(e.Data);
        process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(e.Data);
            }
        };
    }

    public int Id => _process.Id;

    public static ChildProcess Start(string name, IReadOnlyList<string> words, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(words[0], words.Skip(1)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string variable, string value) in environment)
        {
            start.Environment[variable] = value;
        }

        var child = new ChildProcess(new Process { StartInfo = start }, name);
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    public void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>The next event of a kind; "" for the next line whatever it is.</summary>
    /// <exception cref="InvalidOperationException">The process has ended without it.</exception>
    public async Task<(JsonObject Event, ProcessUsage Usage)> ReadEventAsync(string kind, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            await foreach ((JsonObject Event, ProcessUsage Usage) e in _events.Reader.ReadAllAsync(limit.Token))
            {
                if (kind.Length == 0 || (string?)e.Event["event"] == kind)
                {
                    return e;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException($"{_name} has not reported '{kind}' within {Limit.TotalMinutes:F0} minutes. {Errors()}");
        }

        throw new InvalidOperationException($"{_name} has ended before it reported '{kind}'. {Errors()}");
    }

    /// <summary>Waits for its end, which must be a good one.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        if (_process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{_name} has ended with exit code {_process.ExitCode}. {Errors()}");
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    // What it has used is read at once: a moment later it may be gone.
    private void HandleLine(string? line)
    {
        if (line is null)
        {
            _events.Writer.TryComplete();
            return;
        }

        ProcessUsage.TryRead(_process.Id, out ProcessUsage usage);
        try
        {
            if (JsonNode.Parse(line) is JsonObject e)
            {
                _events.Writer.TryWrite((e, usage));
            }
        }
        catch (JsonException)
        {
            lock (_errors)
            {
                _errors.AppendLine(line);
            }
        }
    }

    private string Errors()
    {
        lock (_errors)
        {
            return _errors.Length == 0 ? "It said nothing." : $"It said: {_errors.ToString().Trim()}";
        }
    }
}
