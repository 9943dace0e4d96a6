namespace EGoat.Mesh.Transfers;

/// <summary>How one file of a transfer has ended.</summary>
/// <param name="State">Completed, Failed or Rejected.</param>
/// <param name="Reason">Why it is not in place, for people; null when it is.</param>
internal readonly record struct FileOutcome(EGoatTransferState State, string? Reason);
