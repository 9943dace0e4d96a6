namespace EGoat.Signaling;

/// <summary>A WebSocket as hub and client need it: whole text messages. One reader and one writer at a time.</summary>
public interface IMessageSocket
{
    /// <summary>The next message; null when the socket was closed, broke, or sent something too long or not text.</summary>
    ValueTask<string?> ReceiveAsync(CancellationToken cancellationToken);

    /// <summary>Sends a message. A socket that is gone is no error: reading tells.</summary>
    ValueTask SendAsync(string message, CancellationToken cancellationToken);

    /// <summary>Says goodbye, briefly.</summary>
    ValueTask CloseAsync(string reason);
}
