namespace EGoat.Signaling;

/// <summary>Makes a client's sockets.</summary>
internal interface ISignalingConnector
{
    /// <summary>Connects to the server's <c>/signal</c>; nothing has been said yet.</summary>
    /// <exception cref="SignalingException">It cannot be reached, or is not the one that is meant.</exception>
    Task<ISignalingConnection> ConnectAsync(Uri server, CancellationToken cancellationToken);
}
