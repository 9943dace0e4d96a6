using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Transfers;

/// <summary>Reads the manifest of an offer. What a peer's offers take together is bounded.</summary>
/// <param name="channel">Where it comes from.</param>
/// <param name="others">The bytes that the manifests of the peer's other transfers have.</param>
internal sealed class ManifestReader(TransferChannel channel, Func<long> others)
{
    private long _bytes;

    /// <summary>The bytes of it so far.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Reads it to its end; null when the sender closes the channel before.</summary>
    /// <exception cref="TransferException">It cannot be read, or is too long.</exception>
    public async Task<List<ManifestEntry>?> ReadAsync()
    {
        var entries = new List<ManifestEntry>();
        for (bool isLast = false; !isLast;)
        {
            using RtcMessage? message = await channel.ReceiveAsync().ConfigureAwait(false);
            if (message is null)
            {
                return null;
            }

            if (!FileFrame.TryParse(message.Data.Span, out FileFrame frame) || frame.Type != FileFrameType.Manifest ||
                !Manifest.TryReadPage(message.Data[FileFrame.ManifestHeaderLength..], entries))
            {
                throw new TransferException("The sender's manifest cannot be read.");
            }

            Volatile.Write(ref _bytes, _bytes + message.Data.Length);
            if (_bytes + others() > Manifest.MaxTotalBytes)
            {
                throw Reject(_bytes > Manifest.MaxTotalBytes ? "The sender's manifest is too long." : "The sender offers too much at once; send it when the other transfers have ended.");
            }

            isLast = (frame.Flags & FileFrame.LastPage) != 0;
        }

        if (entries.Sum(e => (decimal)Math.Max(0, e.Length)) > long.MaxValue)
        {
            throw Reject("The files of the sender's manifest are longer than any disk.");
        }

        return entries.Count > 0 ? entries : throw new TransferException("The sender's manifest is empty.");
    }

    private static TransferException Reject(string reason) => new(reason, EGoatTransferState.Rejected);
}
