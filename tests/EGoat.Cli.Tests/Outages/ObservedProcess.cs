using System.Text.Json.Nodes;

namespace EGoat.Cli.Tests.Outages;

/// <summary>A process of the program with <c>--json</c>: all that it has told, and who is connected to it by that.</summary>
internal sealed class ObservedProcess
{
    private readonly CliProcess _process;
    private readonly Pulse _pulse;

    /// <summary>Guards the fields below.</summary>
    private readonly Lock _gate = new();
    private readonly List<(DateTime Came, JsonObject Told)> _events = [];

    /// <summary>By peer id, the names of those that are connected.</summary>
    private readonly Dictionary<string, string> _present = [];

    /// <param name="process">The process.</param>
    /// <param name="name">What it is called in the room.</param>
    /// <param name="pulse">Told of each event.</param>
    public ObservedProcess(CliProcess process, string name, Pulse pulse)
    {
        (_process, Name, _pulse) = (process, name, pulse);
        Ended = ReadAsync();
    }

    public string Name { get; }

    /// <summary>Completes when it has told everything and ended.</summary>
    public Task<int> Ended { get; }

    /// <summary>Whether its last event has come.</summary>
    public bool HasEnded => Find("end").Any();

    /// <summary>How many events there are by now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _events.Count;
            }
        }
    }

    /// <summary>The names of those that are connected.</summary>
    public string[] Present
    {
        get
        {
            lock (_gate)
            {
                return [.. _present.Values.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>The events of a kind, without the first so many of all.</summary>
    public IEnumerable<JsonObject> Find(string name, int after = 0)
    {
        lock (_gate)
        {
            return [.. _events.Skip(after).Select(e => e.Told).Where(t => (string?)t["event"] == name)];
        }
    }

    /// <summary>Waits until something is true that only changes with an event of a process.</summary>
    public async Task WaitUntilAsync(Func<bool> condition, string what, TimeSpan limit)
    {
        using var end = new CancellationTokenSource(limit);
        while (true)
        {
            Task next = _pulse.Next;
            if (condition())
            {
                return;
            }

            try
            {
                await next.WaitAsync(end.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"{Name} within {limit.TotalSeconds:F1} s: {what}.");
            }
        }
    }

    /// <summary>What it said, and when (UTC).</summary>
    public string Describe()
    {
        lock (_gate)
        {
            return $"-- {Name} is connected to: {string.Join(", ", _present.Values)}\n{string.Join('\n', _events.Select(Shorten).OfType<string>())}\n{_process.Errors}";
        }
    }

    public void WriteLine(string line) => _process.WriteLine(line);

    public void Signal(string name) => _process.Signal(name);

    // Without what is most of it and says least.
    private static string? Shorten((DateTime Came, JsonObject Told) e)
    {
        if ((string?)e.Told["event"] == "progress")
        {
            return null;
        }

        JsonObject told = e.Told.DeepClone().AsObject();
        told.Remove("statistics");
        return $"{e.Came:HH:mm:ss.fff} {told.ToJsonString()}";
    }

    private async Task<int> ReadAsync()
    {
        await foreach (string line in _process.ReadLinesAsync())
        {
            Add(JsonNode.Parse(line)!.AsObject());
        }

        return (await _process.EndAsync()).ExitCode;
    }

    private void Add(JsonObject told)
    {
        lock (_gate)
        {
            _events.Add((DateTime.UtcNow, told));
            switch ((string?)told["event"])
            {
                case "join":
                    _present[(string)told["id"]!] = (string)told["name"]!;
                    break;
                case "leave":
                    _present.Remove((string)told["id"]!);
                    break;
                default:
                    break;
            }
        }

        _pulse.Beat();
    }
}
