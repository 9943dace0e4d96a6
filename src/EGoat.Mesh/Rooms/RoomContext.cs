using EGoat.WebRtc.Tracing;

namespace EGoat.Mesh;

/// <summary>What the parts of a room share: its name and store, its clock, where its events and failures go, and when it is left.</summary>
internal sealed class RoomContext
{
    public RoomContext(string name, RoomOptions options, IRoomStore store)
    {
        Name = name;
        Options = options;
        Store = store;
        Trace = options.Tracer is { } tracer ? new SubjectTrace(tracer, name) : null;
        Background = new BackgroundTasks(e => Warn($"An unexpected failure: {e.Message}"));
    }

    public string Name { get; }

    public RoomOptions Options { get; }

    public IRoomStore Store { get; }

    public TimeProvider Time => Options.Time;

    public SubjectTrace? Trace { get; }

    public RoomEvents Events { get; } = new();

    /// <summary>Runs what nobody awaits.</summary>
    public BackgroundTasks Background { get; }

    /// <summary>Cancelled when the room is being left.</summary>
    public CancellationTokenSource Left { get; } = new();

    public bool IsLeft => Left.IsCancellationRequested;

    /// <summary>Tells people something; what peers and the server have said in it is made fit to be shown.</summary>
    public void Warn(string text) => Events.Publish(new RoomWarning(VisibleText.Line(text)));

    /// <summary>Waits on the room's clock; false when the room is left meanwhile.</summary>
    public async Task<bool> DelayAsync(TimeSpan time)
    {
        await Task.Delay(time, Time, Left.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !IsLeft;
    }

    /// <summary>Waits for a task, on the room's clock; false when the time is over, it was cancelled, or the room is left before. The task goes on.</summary>
    public async Task<bool> WaitAsync(Task task, TimeSpan limit, CancellationToken cancellationToken = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Left.Token);
        Task first = await Task.WhenAny(task, Task.Delay(limit, Time, stop.Token)).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        return first == task;
    }
}
