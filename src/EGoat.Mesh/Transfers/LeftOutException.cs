using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Transfers;

/// <summary>One file cannot be read, or cannot be kept: it is left out with this reason, and the others go on.</summary>
internal sealed class LeftOutException(string reason) : Exception(reason)
{
    /// <summary>Whether an exception is what a disk, a source or a rule says of one file; a connection says nothing of files.</summary>
    public static bool IsFault(Exception e) => e is LeftOutException or UnauthorizedAccessException or (IOException and not RtcException);
}
