namespace EGoat;

/// <summary>The state of a file transfer to or from one peer.</summary>
public enum EGoatTransferState
{
    /// <summary>Offered; the receiver has not answered yet.</summary>
    Offered,

    /// <summary>Bytes are travelling.</summary>
    Active,

    /// <summary>Either side lets it rest.</summary>
    Paused,

    /// <summary>Every block was verified and the file is in place.</summary>
    Completed,

    /// <summary>The receiver did not want it.</summary>
    Rejected,

    /// <summary>Either side gave it up on purpose.</summary>
    Cancelled,

    /// <summary>It failed; <see cref="EGoatTransfer.Error"/> says why.</summary>
    Failed,
}

/// <summary>One file on its way to or from one peer, or at its end. An immutable snapshot.</summary>
public sealed record EGoatTransfer
{
    /// <summary>The transfer's id: lower-case UUIDv7 text.</summary>
    public required string Id { get; init; }

    /// <summary>The name of the room.</summary>
    public required string Room { get; init; }

    /// <summary>The name offered on the wire (a relative path with forward slashes).</summary>
    public required string Name { get; init; }

    /// <summary>The full local path: of the source when sending, of the finished file when receiving; empty until known.</summary>
    public required string Path { get; init; }

    /// <summary>The name of the other side.</summary>
    public required string Peer { get; init; }

    /// <summary>The identity id of the other side.</summary>
    public required string PeerIdentity { get; init; }

    /// <summary>Whether it was sent or received here.</summary>
    public required EGoatDirection Direction { get; init; }

    /// <summary>The file's length in bytes; -1 while unknown.</summary>
    public required long Length { get; init; }

    /// <summary>Bytes of content that travelled in this run.</summary>
    public long BytesTransferred { get; init; }

    /// <summary>Bytes that the receiver already held verified, so that they did not have to travel.</summary>
    public long BytesResumed { get; init; }

    /// <summary>The file hash, <c>eg2:&lt;hex&gt;</c>; null until the last block was hashed. It is not <c>sha256sum</c>.</summary>
    public string? TreeHash { get; init; }

    /// <summary>The state.</summary>
    public required EGoatTransferState State { get; init; }

    /// <summary>Why it failed or was rejected; null otherwise.</summary>
    public string? Error { get; init; }

    /// <summary>
    /// Whether this file alone did not arrive, while the others of its transfer go on: it could not be read or has changed, or the
    /// receiver could not name or keep it. <see cref="Error"/> says why.
    /// </summary>
    public bool IsLeftOut { get; init; }

    /// <summary>What is not as the sender tells although the file is in place, such as its time or permissions; null when nothing is.</summary>
    public string? Warning { get; init; }

    /// <summary>When it was offered (UTC).</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it ended (UTC); null while it runs.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>Bytes of content that travelled per second: the mean since the transfer began.</summary>
    public double Rate { get; init; }

    /// <summary>Whether the transfer has ended, well or not.</summary>
    public bool IsEnded => State is not (EGoatTransferState.Offered or EGoatTransferState.Active or EGoatTransferState.Paused);

    /// <summary>What goes where and how far it is, fit to be shown (<see cref="VisibleText"/>).</summary>
    public override string ToString() => $"{VisibleText.Line(Name)} {(Direction == EGoatDirection.Sent ? "to" : "from")} {VisibleText.Line(Peer)}: {State}";
}
