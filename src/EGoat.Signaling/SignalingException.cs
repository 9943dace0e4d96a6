namespace EGoat.Signaling;

/// <summary>
/// A signaling server cannot be reached or refuses, in one line and a code for programs. A server's reason in it is as it came:
/// whoever shows it makes it fit for people.
/// </summary>
public sealed class SignalingException : Exception
{
    /// <summary>Creates one without a message.</summary>
    public SignalingException()
    {
    }

    /// <summary>Creates one with one clear line.</summary>
    public SignalingException(string message)
        : base(message)
    {
    }

    /// <summary>Creates one with one clear line and its cause.</summary>
    public SignalingException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates one with its code, one clear line and its cause.</summary>
    public SignalingException(string code, string message, Exception? innerException)
        : base(message, innerException) => Code = code;

    /// <summary>One of <see cref="SignalingErrors"/>, or the code of a server's refusal (docs/protocol.md §2).</summary>
    public string Code { get; } = SignalingErrors.Unreachable;
}
