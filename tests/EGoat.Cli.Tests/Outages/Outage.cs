namespace EGoat.Cli.Tests.Outages;

/// <summary>What goes wrong for a while.</summary>
internal sealed record Outage
{
    public required TimeSpan Duration { get; init; }

    public required Action Begin { get; init; }

    public required Action End { get; init; }

    /// <summary>Whether members hear each other all the same.</summary>
    public bool SparesMembers { get; init; }

    /// <summary>Who has to notice that the server is lost.</summary>
    public IReadOnlyList<ObservedProcess> LoseServer { get; init; } = [];
}
