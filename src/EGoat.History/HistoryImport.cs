namespace EGoat.History;

/// <summary>What an import has done.</summary>
public sealed record HistoryImport
{
    /// <summary>The longest list of <see cref="Problems"/>.</summary>
    public const int MaxProblems = 100;

    /// <summary>Messages that were not there yet.</summary>
    public int MessagesAdded { get; init; }

    /// <summary>Messages that were there already; they stay as they were.</summary>
    public int MessagesPresent { get; init; }

    /// <summary>Transfers that were not there yet.</summary>
    public int TransfersAdded { get; init; }

    /// <summary>Transfers that were there already; they stay as they were.</summary>
    public int TransfersPresent { get; init; }

    /// <summary>Identities under a name that were not there yet.</summary>
    public int IdentitiesAdded { get; init; }

    /// <summary>Identities under a name that were there already.</summary>
    public int IdentitiesPresent { get; init; }

    /// <summary>Records that could not be taken.</summary>
    public int Rejected { get; init; }

    /// <summary>Why, for the first <see cref="MaxProblems"/> of them, each with the number of its line.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}
