namespace EGoat.History;

/// <summary>How a history is opened.</summary>
public sealed record HistoryOptions
{
    /// <summary>
    /// Takes a line for people when something is wrong that does not stop the history: others could read the file, or it was
    /// removed while in use. Called on any thread, one call at a time; null for silence.
    /// </summary>
    public Action<string>? Warn { get; init; }

    /// <summary>The clock; null for the system's.</summary>
    public TimeProvider? Time { get; init; }

    /// <summary>The longest time that finding one row of a query may take. Default: 30 s.</summary>
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait for another program that holds the file. Default: 5 s.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
