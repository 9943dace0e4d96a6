namespace EGoat.Mesh;

/// <summary>Files on their way to the members of a room.</summary>
/// <param name="Recipients">Whom they were offered to at first.</param>
/// <param name="Skipped">What is not sent of the folders, each with the reason, as lines for people.</param>
/// <param name="Completion">All transfers, a file and receiver each, when the last has ended.</param>
public sealed record FileSend(IReadOnlyList<EGoatPeer> Recipients, IReadOnlyList<string> Skipped, Task<IReadOnlyList<EGoatTransfer>> Completion);
