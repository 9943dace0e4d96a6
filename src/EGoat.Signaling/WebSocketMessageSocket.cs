using System.Buffers;
using System.Net.WebSockets;
using System.Text;

namespace EGoat.Signaling;

/// <summary>An <see cref="IMessageSocket"/> over a <see cref="WebSocket"/>.</summary>
public sealed class WebSocketMessageSocket(WebSocket socket) : IMessageSocket
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromMilliseconds(300);

    /// <inheritdoc/>
    public async ValueTask<string?> ReceiveAsync(CancellationToken cancellationToken)
    {
        byte[]? buffer = null;
        try
        {
            // Nothing is held by the many sockets that wait.
            ValueWebSocketReceiveResult result = await socket.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
            if (result is { MessageType: WebSocketMessageType.Text, EndOfMessage: true })
            {
                return "";
            }

            buffer = ArrayPool<byte>.Shared.Rent(SignalingLimits.MaxFrameLength);
            int length = 0;
            while (result.MessageType == WebSocketMessageType.Text && length < SignalingLimits.MaxFrameLength)
            {
                result = await socket.ReceiveAsync(buffer.AsMemory(length, SignalingLimits.MaxFrameLength - length), cancellationToken).ConfigureAwait(false);
                length += result.Count;
                if (result.EndOfMessage)
                {
                    return result.MessageType == WebSocketMessageType.Text ? Encoding.UTF8.GetString(buffer, 0, length) : null;
                }
            }

            if (result.MessageType == WebSocketMessageType.Text)
            {
                await CloseAsync("message too long").ConfigureAwait(false);
            }

            return null;
        }
        catch (Exception e) when (IsLoss(e, cancellationToken))
        {
            return null;
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsLoss(e, cancellationToken))
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
        catch (Exception e) when (IsLoss(e, CancellationToken.None))
        {
            socket.Abort();
        }
    }

    // A socket whose own keep-alive has given up ends what is under way as if it were cancelled.
    private static bool IsLoss(Exception e, CancellationToken cancellationToken) =>
        e is WebSocketException or InvalidOperationException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
