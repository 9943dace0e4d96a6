namespace EGoat.Mesh.Transfers;

/// <summary>How a file's transfer has ended, as users see it.</summary>
/// <param name="State">The last state.</param>
/// <param name="Error">Why it did not end well; null when it did.</param>
internal sealed record TransferEnd(EGoatTransferState State, string? Error = null)
{
    /// <summary>The file hash as text; null when it is not known.</summary>
    public string? TreeHash { get; init; }

    /// <summary>Where the file is; null leaves what was known.</summary>
    public string? Path { get; init; }

    /// <summary>What is not as it should be although the file is in place; null when nothing is.</summary>
    public string? Warning { get; init; }

    /// <summary>Whether the file alone was left out.</summary>
    public bool IsLeftOut { get; init; }
}
