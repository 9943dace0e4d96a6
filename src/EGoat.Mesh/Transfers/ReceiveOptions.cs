namespace EGoat.Mesh;

/// <summary>Which files are received, from whom, and where they go.</summary>
public sealed record ReceiveOptions
{
    /// <summary>How many transfers run at once unless <see cref="MaxParallel"/> says otherwise.</summary>
    public const int DefaultMaxParallel = 16;

    /// <summary>How old incomplete files become unless <see cref="KeepPartial"/> says otherwise.</summary>
    public static readonly TimeSpan DefaultKeepPartial = TimeSpan.FromDays(7);

    /// <summary>The folder; made if it is not there. Not used with <see cref="Output"/>.</summary>
    public required string Destination { get; init; }

    /// <summary>What happens to a file that is there already. An identical one counts as delivered. Default <see cref="ExistingFile.Rename"/>.</summary>
    public ExistingFile Existing { get; init; }

    /// <summary>Only from members of these peer ids, identities or names; none means everybody. A name can be taken by anybody, an identity cannot.</summary>
    public IReadOnlyList<string> From { get; init; } = [];

    /// <summary>Patterns of files with <c>*</c> and <c>?</c> that are received; none means all. One with <c>/</c> is compared with the whole relative path.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Patterns of files, and of folders with everything in them, that are not received.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>The longest file, in bytes; null is no limit. A file of unknown length is ended when it becomes longer.</summary>
    public long? MaxLength { get; init; }

    /// <summary>The most bytes that the room writes to the disk from now on, all transfers together; null is no limit.</summary>
    public long? MaxTotalLength { get; init; }

    /// <summary>The most bytes of content per second, all senders together; null is no limit.</summary>
    public long? MaxRate { get; init; }

    /// <summary>
    /// The longest time in which nothing comes from a sender, not even a sign that it is at work; the longer one of this and what the
    /// sender asks for holds. Null: what the sender asks for, else 60 seconds.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How old what was received of incomplete files may become: when receiving begins, older ones below the folder are removed. Default 7 days.</summary>
    public TimeSpan KeepPartial { get; init; } = DefaultKeepPartial;

    /// <summary>Whether files get the permission bits that their sender tells. Default false: those that this process gives to no file of its own (the umask) are left out.</summary>
    public bool PreserveMode { get; init; }

    /// <summary>How many transfers run at once; the next waits for its turn. At least 1.</summary>
    public int MaxParallel { get; init; } = DefaultMaxParallel;

    /// <summary>Asked about every transfer that the other members allow, with what they leave of it; null accepts.</summary>
    public Func<FileOffer, CancellationToken, Task<FileAnswer>>? Ask { get; init; }

    /// <summary>Takes verified content, in order, instead of files; it stays open. One file at a time. A file counts as delivered when it has been flushed.</summary>
    public Stream? Output { get; init; }
}

/// <summary>What happens when a received file's name is taken.</summary>
public enum ExistingFile
{
    /// <summary>The new file gets a number: <c>name (2).txt</c>.</summary>
    Rename,

    /// <summary>The file is not received.</summary>
    Skip,

    /// <summary>The new file takes the place of the old one; blocks that are equal do not travel.</summary>
    Overwrite,

    /// <summary>The transfer is rejected.</summary>
    Fail,
}

/// <summary>Files that a member offers.</summary>
/// <param name="Id">The transfer's id.</param>
/// <param name="Peer">Who offers them.</param>
/// <param name="Files">What is offered. Names are hostile: escape them for wherever they are shown.</param>
public sealed record FileOffer(string Id, EGoatPeer Peer, IReadOnlyList<OfferedFile> Files)
{
    /// <summary>The length of all files together in bytes; -1 when one is unknown.</summary>
    public long TotalLength => Files.Any(f => f.Length < 0) ? -1 : Files.Sum(f => f.Length);
}

/// <summary>A file or folder of an offer.</summary>
/// <param name="Index">Its index, which the answer names.</param>
/// <param name="Path">Its relative path with forward slashes.</param>
/// <param name="Length">Its length in bytes; -1 when unknown.</param>
/// <param name="IsFolder">Whether it is a folder.</param>
public sealed record OfferedFile(int Index, string Path, long Length, bool IsFolder);

/// <summary>The answer to an offer.</summary>
public sealed record FileAnswer
{
    private FileAnswer()
    {
    }

    /// <summary>Takes everything.</summary>
    public static FileAnswer Accept { get; } = new();

    /// <summary>The indices that are taken; null when all are, or none.</summary>
    public IReadOnlyList<int>? Files { get; private init; }

    /// <summary>Why nothing is taken; null when something is.</summary>
    public string? Rejection { get; private init; }

    /// <summary>Takes some; none is a rejection.</summary>
    public static FileAnswer AcceptSome(IReadOnlyList<int> files) => new() { Files = files, Rejection = files.Count == 0 ? "None of the files is wanted." : null };

    /// <summary>Takes nothing.</summary>
    /// <param name="reason">What the sender is told.</param>
    public static FileAnswer Reject(string reason) => new() { Rejection = reason };
}
