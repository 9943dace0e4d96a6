using EGoat.Terminal;

namespace EGoat.Cli.Output;

/// <summary>How lines are shown to people.</summary>
internal sealed record TextOutputOptions
{
    /// <summary>Where progress is drawn; null when nobody watches.</summary>
    public ITerminal? Terminal { get; init; }

    /// <summary>Where warnings go.</summary>
    public TextWriter Errors { get; init; } = Console.Error;

    /// <summary>What happens to files: sent or received.</summary>
    public string Done { get; init; } = "received";

    /// <summary>Whether a second without transfers brings their summary.</summary>
    public bool EndsWhenQuiet { get; init; }

    /// <summary>Whether each file's line has its hash.</summary>
    public bool IsVerbose { get; init; }

    /// <summary>Whether only messages and problems are shown.</summary>
    public bool IsQuiet { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
