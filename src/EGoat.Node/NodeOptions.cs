namespace EGoat.Node;

/// <summary>Where an installation keeps its data.</summary>
public sealed record NodeOptions
{
    /// <summary>The folder of identity and history; null: <c>$EGOAT_HOME</c>, else the platform's per-user data folder.</summary>
    public string? DataFolder { get; init; }

    /// <summary>The history file; null: <c>chat.db</c> in the data folder.</summary>
    public string? DatabasePath { get; init; }

    /// <summary>
    /// Takes a line for people when something is wrong that does not stop the installation, for example that others could read
    /// its files. Called on any thread; null: the lines wait in <see cref="EGoatNode.TryTakeWarning"/>.
    /// </summary>
    public Action<string>? Warn { get; init; }

    /// <summary>Takes a line about everything that connections do, from the beginning to the end; null for silence.</summary>
    public Action<string>? Trace { get; init; }
}
