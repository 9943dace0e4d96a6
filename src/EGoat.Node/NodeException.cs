namespace EGoat.Node;

/// <summary>The installation cannot be used, in one line for people.</summary>
public sealed class NodeException : Exception
{
    /// <summary>Creates one without a message.</summary>
    public NodeException()
    {
    }

    /// <summary>Creates one with one clear line.</summary>
    public NodeException(string message)
        : base(message)
    {
    }

    /// <summary>Creates one with one clear line and its cause.</summary>
    public NodeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
