namespace EGoat;

/// <summary>The hash of a file, as transfers show it.</summary>
public sealed record EGoatFileHash
{
    /// <summary>The full path of the file.</summary>
    public required string Path { get; init; }

    /// <summary>The hash, <c>eg2:&lt;hex&gt;</c>; comparable with <see cref="EGoatTransfer.TreeHash"/>. It is not <c>sha256sum</c>.</summary>
    public required string Hash { get; init; }
}
