using System.Collections.Concurrent;

namespace EGoat.Mesh;

/// <summary>Files on their way to the members of a room.</summary>
/// <param name="Recipients">Whom they were offered to at first.</param>
/// <param name="Skipped">
/// What was found and is not sent, each with the reason, as lines for people: what cannot be read or named, lies too deep, is a link that is not
/// followed, or is neither a file nor a folder. With any, not everything arrives that was asked for. What turns out later not to be readable
/// ends as a transfer of its own (<see cref="EGoatTransfer.IsLeftOut"/>).
/// </param>
/// <param name="Completion">All transfers, a file and receiver each, when the last has ended.</param>
public sealed record FileSend(IReadOnlyList<EGoatPeer> Recipients, IReadOnlyList<string> Skipped, Task<IReadOnlyList<EGoatTransfer>> Completion)
{
    /// <summary>How many files each receiver is offered; folders are not counted.</summary>
    public int FileCount { get; init; }

    /// <summary>The length of all files together, in bytes; -1 when that of a stream is not known.</summary>
    public long Length { get; init; }

    /// <summary>The ids of the transfers so far, one for each receiver.</summary>
    internal ConcurrentDictionary<string, bool> TransferIds { get; init; } = new();

    /// <summary>Whether a transfer of the room, as its events tell of it, belongs to these.</summary>
    public bool Includes(EGoatTransfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        return TransferIds.ContainsKey(transfer.Id);
    }
}
