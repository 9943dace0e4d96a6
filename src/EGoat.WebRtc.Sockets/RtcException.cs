namespace EGoat.WebRtc.Sockets;

/// <summary>A connection or channel has ended, with the reason as a sentence.</summary>
public sealed class RtcException : IOException
{
    /// <summary>Creates one without a reason.</summary>
    public RtcException()
    {
    }

    /// <summary>Creates one with a reason.</summary>
    public RtcException(string message)
        : base(message)
    {
    }

    /// <summary>Creates one with a reason and a cause.</summary>
    public RtcException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
