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
}
