namespace EGoat.Web;

/// <summary>A server cannot start, in one line for people.</summary>
public sealed class SignalingServerException : Exception
{
    /// <summary>Creates one without a message.</summary>
    public SignalingServerException()
    {
    }

    /// <summary>Creates one with one clear line.</summary>
    public SignalingServerException(string message)
        : base(message)
    {
    }

    /// <summary>Creates one with one clear line and its cause.</summary>
    public SignalingServerException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
