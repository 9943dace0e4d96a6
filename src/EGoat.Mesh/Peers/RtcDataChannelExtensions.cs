using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Peers;

/// <summary>The end of channels that nobody reads any more.</summary>
internal static class RtcDataChannelExtensions
{
    /// <summary>Closes a channel and discards what comes until its peer has closed it too.</summary>
    public static async Task CloseAndDiscardAsync(this RtcDataChannel channel, CancellationToken cancellationToken = default)
    {
        channel.Close();
        try
        {
            await channel.DiscardAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RtcException)
        {
            // The connection has ended.
        }
    }

    /// <summary>
    /// Discards what comes until the channel is closed: unread, it would fill the connection's receive window, which the other
    /// channels need.
    /// </summary>
    /// <exception cref="RtcException">The connection has ended.</exception>
    public static async Task DiscardAsync(this RtcDataChannel channel, CancellationToken cancellationToken = default)
    {
        while (await channel.ReceiveAsync(cancellationToken).ConfigureAwait(false) is { } message)
        {
            message.Dispose();
        }
    }
}
