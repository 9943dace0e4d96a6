namespace EGoat.Mesh;

/// <summary>What to send, and to whom.</summary>
public sealed record SendFileOptions
{
    /// <summary>Existing files, and folders with <see cref="Recurse"/>; taken literally.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Whether folders are sent with everything in them. Default false: a folder is an error.</summary>
    public bool Recurse { get; init; }

    /// <summary>Whether symbolic links inside a folder are followed that stay inside it. Default false: links are skipped.</summary>
    public bool FollowSymlink { get; init; }

    /// <summary>Patterns of files with <c>*</c> and <c>?</c>; none means all. One with <c>/</c> is compared with the whole relative path.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Patterns of files, and of folders with everything in them, that are not sent.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>A stream of unknown length to send as a file; it is read to its end, once, and cannot be resumed. It stays open.</summary>
    public Stream? Content { get; init; }

    /// <summary>The name of <see cref="Content"/> on the receiver's side.</summary>
    public string ContentName { get; init; } = "";

    /// <summary>Only to the members of these peer ids, identities or names; none means everybody.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary>How long members that connect later are served too. Default: not at all.</summary>
    public TimeSpan JoinWindow { get; init; }

    /// <summary>
    /// The longest time in which nothing comes from a receiver, not even a sign that it is at work; the longer one of this and what the
    /// receiver asks for holds. Also how long a receiver whose connection was lost is waited for. Null: what the receiver asks for,
    /// else 60 seconds; it is waited for 2 minutes.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The most bytes of content per second, all receivers together; null is no limit.</summary>
    public long? MaxRate { get; init; }
}
