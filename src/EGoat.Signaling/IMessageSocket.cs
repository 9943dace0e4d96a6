namespace EGoat.Signaling;

/// <summary>A WebSocket as hub and client need it: whole text messages. One reader and one writer at a time.</summary>
public interface IMessageSocket
{
    /// <summary>The next message; null when the socket was closed, broke, was silent for too long, or sent something too long or not text.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled, and nothing else; the socket is of no use then.</exception>
    ValueTask<string?> ReceiveAsync(CancellationToken cancellationToken);

    /// <summary>Sends a message, UTF-8. A socket that is gone is no error: reading tells.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Says goodbye, briefly. What the other side has sent by then can still be received.</summary>
    ValueTask CloseAsync(string reason);
}
