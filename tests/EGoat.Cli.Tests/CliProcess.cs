using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace EGoat.Cli.Tests;

/// <summary>A process of the program: its lines as they come, its end.</summary>
internal sealed class CliProcess : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "EGoat.Cli.dll");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("EGOAT_LONG") == "1" ? 600 : 60);

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly System.Text.StringBuilder _errors = new();
    private readonly TaskCompletionSource _errorsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private CliProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) =>
        {
            if (e.Data is null)
            {
                _lines.Writer.TryComplete();
            }
            else
            {
                _lines.Writer.TryWrite(e.Data);
            }
        };
        process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is null)
            {
                _errorsEnded.TrySetResult();
            }
            else
            {
                lock (_errors)
                {
                    _errors.AppendLine(e.Data);
                }
            }
        };
    }

    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>The most memory that it has had resident so far, in MiB, as Linux counts it.</summary>
    public int PeakResidentMebibytes => int.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
        CultureInfo.InvariantCulture) / 1024;

    /// <summary>Starts the program with an installation of its own.</summary>
    public static CliProcess Start(string home, params IEnumerable<string> arguments) => StartIn([], home, arguments);

    /// <summary>Starts it behind other words, such as <c>ip netns exec NAME</c>.</summary>
    public static CliProcess StartIn(string[] prefix, string home, IEnumerable<string> arguments)
    {
        string[] words = [.. prefix, Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", Program, .. arguments];
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["EGOAT_HOME"] = home;
        var process = new CliProcess(new Process { StartInfo = start });
        process._process.Start();
        process._process.BeginOutputReadLine();
        process._process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<(int ExitCode, string[] Lines, string Errors)> RunAsync(string home, params IEnumerable<string> arguments)
    {
        using CliProcess process = Start(home, arguments);
        process.CloseInput();
        return await process.EndAsync();
    }

    public void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    public void CloseInput() => _process.StandardInput.Close();

    public async Task<string> ReadLineAsync()
    {
        try
        {
            return await _lines.Reader.ReadAsync().AsTask().WaitAsync(Limit);
        }
        catch (Exception e) when (e is TimeoutException or ChannelClosedException)
        {
            throw new InvalidOperationException($"No line came. It said: {Errors}", e);
        }
    }

    /// <summary>All lines, however long each takes to come.</summary>
    public IAsyncEnumerable<string> ReadLinesAsync() => _lines.Reader.ReadAllAsync();

    /// <summary>The next JSON line with this event that meets the condition.</summary>
    public async Task<JsonObject> ReadEventAsync(string name, Func<JsonObject, bool>? condition = null)
    {
        while (true)
        {
            JsonObject line = JsonNode.Parse(await ReadLineAsync())!.AsObject();
            if ((string?)line["event"] == name && (condition is null || condition(line)))
            {
                return line;
            }
        }
    }

    public async Task<(int ExitCode, string[] Lines, string Errors)> EndAsync()
    {
        var lines = new List<string>();
        using var limit = new CancellationTokenSource(Limit);
        await foreach (string line in _lines.Reader.ReadAllAsync(limit.Token))
        {
            lines.Add(line);
        }

        await _process.WaitForExitAsync(limit.Token);
        await _errorsEnded.Task.WaitAsync(limit.Token);
        return (_process.ExitCode, [.. lines], Errors);
    }

    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
    }

    /// <summary>The process that a tracer started it in, once every thread of it stands still.</summary>
    public int WaitForStoppedChild()
    {
        int child = 0;
        return SpinWait.SpinUntil(() => TryFindStopped(out child), Limit) ? child : throw new InvalidOperationException($"It did not stop. It said: {Errors}");

        bool TryFindStopped(out int found)
        {
            string children = File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children").Trim();
            return int.TryParse(children, CultureInfo.InvariantCulture, out found) && Directory.GetDirectories($"/proc/{children}/task").All(IsStopped);
        }

        static bool IsStopped(string thread) => File.ReadLines(Path.Combine(thread, "status")).Any(l => l.StartsWith("State:\tT", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Waits until it has ended, however that came.</summary>
    public Task WaitForExitAsync() => _process.WaitForExitAsync().WaitAsync(Limit);

    /// <summary>What Ctrl+C does.</summary>
    public void Interrupt() => Signal("INT");

    /// <summary>What stops a service.</summary>
    public void Terminate() => Signal("TERM");

    /// <summary>Sends a signal: INT, TERM, HUP, STOP or CONT.</summary>
    public void Signal(string name) => Process.Start("kill", [$"-{name}", $"{_process.Id}"]).WaitForExit();

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
