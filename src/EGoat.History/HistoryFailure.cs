namespace EGoat.History;

/// <summary>Why the history cannot be used.</summary>
public enum HistoryFailure
{
    /// <summary>Something else; the same again fails again.</summary>
    Other,

    /// <summary>Another program holds the file.</summary>
    Locked,

    /// <summary>The disk or a quota is full.</summary>
    Full,

    /// <summary>The file or its folder cannot be reached or written.</summary>
    Unavailable,

    /// <summary>The file is damaged, not a database, or holds what E-Goat did not make.</summary>
    Damaged,

    /// <summary>The file was made by a later version of E-Goat.</summary>
    LaterVersion,

    /// <summary>A query took longer than <see cref="HistoryOptions.QueryTimeout"/>.</summary>
    TooLong,

    /// <summary>The history was closed.</summary>
    Closed,
}
