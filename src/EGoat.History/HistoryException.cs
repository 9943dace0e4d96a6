namespace EGoat.History;

/// <summary>The history file cannot be used, in one line for people.</summary>
public sealed class HistoryException : Exception
{
    /// <summary>Creates one without a message.</summary>
    public HistoryException()
    {
    }

    /// <summary>Creates one with one clear line.</summary>
    public HistoryException(string message)
        : base(message)
    {
    }

    /// <summary>Creates one with one clear line and its cause.</summary>
    public HistoryException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates one with one clear line, its kind, and its cause.</summary>
    public HistoryException(HistoryFailure failure, string message, Exception? innerException = null)
        : base(message, innerException) => Failure = failure;

    /// <summary>What is wrong.</summary>
    public HistoryFailure Failure { get; }

    /// <summary>Whether the same may work later without anything being done about the file: it is worth trying again.</summary>
    public bool IsTransient => Failure is HistoryFailure.Locked or HistoryFailure.Full or HistoryFailure.Unavailable;
}
