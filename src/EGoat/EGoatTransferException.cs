namespace EGoat;

/// <summary>A file was not delivered; the message says which, to or from whom, and why.</summary>
public sealed class EGoatTransferException : IOException
{
    /// <summary>Creates an exception without a message.</summary>
    public EGoatTransferException()
    {
    }

    /// <summary>Creates an exception with one clear line.</summary>
    public EGoatTransferException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with one clear line and its cause.</summary>
    public EGoatTransferException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates an exception for a transfer that has ended.</summary>
    public EGoatTransferException(string message, EGoatTransfer transfer)
        : base(message) => Transfer = transfer;

    /// <summary>The transfer at its end; null when it is not known.</summary>
    public EGoatTransfer? Transfer { get; }
}
