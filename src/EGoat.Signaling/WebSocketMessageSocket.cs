using System.Net.WebSockets;
using System.Text;

namespace EGoat.Signaling;

/// <summary>An <see cref="IMessageSocket"/> over a <see cref="WebSocket"/>.</summary>
public sealed class WebSocketMessageSocket(WebSocket socket) : IMessageSocket
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromMilliseconds(300);

    private readonly byte[] _buffer = new byte[SignalingLimits.MaxFrameLength];

    /// <inheritdoc/>
    public async ValueTask<string?> ReceiveAsync(CancellationToken cancellationToken)
    {
        int length = 0;
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult result = await socket.ReceiveAsync(_buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                length += result.Count;
                if (result.MessageType != WebSocketMessageType.Text)
                {
                    return null;
                }

                if (result.EndOfMessage)
                {
                    return Encoding.UTF8.GetString(_buffer, 0, length);
                }

                if (length == _buffer.Length)
                {
                    await CloseAsync("message too long").ConfigureAwait(false);
                    return null;
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException or IOException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(string message, CancellationToken cancellationToken)
    {
        try
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, endOfMessage: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException or IOException)
        {
            // Reading tells.
        }
    }

    /// <inheritdoc/>
    public async ValueTask CloseAsync(string reason)
    {
        using var limit = new CancellationTokenSource(CloseTimeout);
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, reason, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException or IOException or OperationCanceledException)
        {
            socket.Abort();
        }
    }
}
