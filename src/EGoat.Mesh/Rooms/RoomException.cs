namespace EGoat.Mesh;

/// <summary>A room could not be joined or used, for a reason that is told in one line for people.</summary>
public sealed class RoomException : Exception
{
    /// <summary>Creates an exception without a message.</summary>
    public RoomException()
    {
    }

    /// <summary>Creates an exception with one clear line.</summary>
    public RoomException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with one clear line and its cause.</summary>
    public RoomException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
