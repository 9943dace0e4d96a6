namespace EGoat.History;

/// <summary>How much was removed from a history.</summary>
/// <param name="Messages">Messages, with their outcomes and their place in the search.</param>
/// <param name="Transfers">Transfers. Files are not touched.</param>
public readonly record struct HistoryRemoval(int Messages, int Transfers);
