using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// Receives the files of one transfer (docs/protocol.md §4): reads the whole manifest, decides, writes each block as it
/// arrives, acknowledges it when its hash is right, and puts each file in place when the file hash is.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The peer may end the transfer after its end too, and a source without links and timers holds nothing.")]
internal sealed class FileReceiver(string id, Peer peer, EGoatPeer sender, RtcDataChannel channel, TransferList transfers, CancellationToken cancellationToken)
{
    /// <summary>The longest time without a frame.</summary>
    private static readonly TimeSpan ProgressTimeout = TimeSpan.FromSeconds(60);

    /// <summary>How long the reason of a channel that was closed early may take: it comes over another channel.</summary>
    private static readonly TimeSpan ReasonTimeout = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _reply = new byte[FileFrame.AckFrameLength];
    private List<ManifestEntry> _entries = [];
    private TransferProgress[] _progress = [];
    private TransferException? _ended;

    /// <summary>Payload bytes that are written and verified.</summary>
    private long _verified;

    public string Id => id;

    public Peer Peer => peer;

    /// <summary>The sender gives it up.</summary>
    public void HandleCancel(string reason)
    {
        _ended ??= new TransferException($"The sender cancelled it: {reason}", EGoatTransferState.Cancelled);
        _cancelled.TrySetResult();
        _stop.Cancel();
    }

    /// <summary>Runs the transfer to its end. With no options it is rejected.</summary>
    public async Task RunAsync(ReceiveOptions? options)
    {
        TransferException? failure = null;
        using CancellationTokenRegistration registration = cancellationToken.Register(_stop.Cancel);
        try
        {
            await ReadManifestAsync().ConfigureAwait(false);
            if (options is null)
            {
                throw new TransferException("This side does not accept files.", EGoatTransferState.Rejected);
            }

            if (!WirePath.TryCheckAll(_entries.Select(e => e.Path), PathRules.Current, out string refusal))
            {
                throw new TransferException($"The transfer is refused: {refusal}.", EGoatTransferState.Rejected);
            }

            _progress = [.. _entries.Select(e => transfers.Add(Describe(e)))];
            peer.Send(new AcceptMessage(id, null, Have: false));
            for (int i = 0; i < _entries.Count; i++)
            {
                await ReceiveFileAsync(i, options).ConfigureAwait(false);
            }

            peer.Send(new DoneMessage(id, _entries.Count, _verified));
            await WaitForEndAsync().ConfigureAwait(false);
        }
        catch (TransferException e)
        {
            failure = e;
        }
        catch (OperationCanceledException)
        {
            failure = _ended ?? new TransferException("No data came for 60 seconds.");
        }
        catch (RtcException)
        {
            failure = await GetReasonAsync("The connection to the sender was lost.").ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failure = _ended ?? new TransferException(e.Message);
        }

        channel.Close();
        if (failure is not null)
        {
            await FailAsync(failure).ConfigureAwait(false);
        }

        _stop.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    private EGoatTransfer Describe(ManifestEntry entry) => new()
    {
        Id = id,
        Room = sender.Room,
        Name = entry.Path,
        Path = "",
        Peer = sender.Name,
        PeerIdentity = sender.Identity,
        Direction = EGoatDirection.Received,
        Length = entry.Length,
        State = EGoatTransferState.Active,
        Started = DateTimeOffset.UtcNow,
    };

    private async Task FailAsync(TransferException failure)
    {
        if (_ended is null)
        {
            peer.Send(failure.State == EGoatTransferState.Rejected ? new RejectMessage(id, failure.Message) : new CancelMessage(id, failure.Message));
        }

        if (_progress.Length == 0 && _entries.Count > 0)
        {
            _progress = [transfers.Add(Describe(_entries[0]))];
        }

        foreach (TransferProgress progress in _progress)
        {
            await progress.EndAsync(failure.State, failure.Message).ConfigureAwait(false);
        }
    }

    private async Task ReadManifestAsync()
    {
        var entries = new List<ManifestEntry>();
        int total = 0;
        bool isLast = false;
        while (!isLast)
        {
            using RtcMessage message = await ReadAsync().ConfigureAwait(false);
            if (!FileFrame.TryParse(message.Data.Span, out FileFrame frame) || frame.Type != FileFrameType.Manifest ||
                !Manifest.TryReadPage(message.Data[FileFrame.ManifestHeaderLength..], entries))
            {
                throw new TransferException("The sender's manifest cannot be read.");
            }

            total += message.Data.Length;
            if (total > Manifest.MaxTotalBytes)
            {
                throw new TransferException("The sender's manifest is too long.", EGoatTransferState.Rejected);
            }

            isLast = (frame.Flags & FileFrame.LastPage) != 0;
        }

        _entries = entries.Count > 0 ? entries : throw new TransferException("The sender's manifest is empty.");
    }

    private async Task ReceiveFileAsync(int index, ReceiveOptions options)
    {
        ManifestEntry entry = _entries[index];
        WirePath.TrySplit(entry.Path, PathRules.Current, out string[] components, out _);
        using PartialFile file = PartialFile.Open(options.Destination, components, sender.Identity, Math.Max(0, entry.Length));
        var blockHashes = new ArrayBufferWriter<byte>();
        using var blockHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long offset = 0;
        long blockStart = 0;
        while (true)
        {
            using RtcMessage message = await ReadAsync().ConfigureAwait(false);
            if (!FileFrame.TryParse(message.Data.Span, out FileFrame frame) || frame.File != index)
            {
                throw OutOfPlace();
            }

            switch (frame.Type)
            {
                case FileFrameType.Data when frame.Value == offset && offset + frame.Payload.Length <= Math.Min(blockStart + TreeHash.BlockSize, entry.Length < 0 ? long.MaxValue : entry.Length):
                    file.Write(frame.Payload, offset);
                    blockHash.AppendData(frame.Payload);
                    offset += frame.Payload.Length;
                    _progress[index].Add(frame.Payload.Length);
                    break;
                case FileFrameType.Hash when offset > blockStart && frame.BlockLength == offset - blockStart && frame.Block == blockStart / TreeHash.BlockSize:
                    AddBlock(frame.Payload, blockHash, blockHashes, entry);
                    _verified += offset - blockStart;
                    blockStart = offset;
                    break;
                case FileFrameType.End when offset == blockStart && frame.Value == offset && (entry.Length < 0 || entry.Length == offset):
                    byte[] fileHash = TreeHash.Combine(offset, blockHashes.WrittenSpan);
                    if (!frame.Payload.SequenceEqual(fileHash))
                    {
                        throw new TransferException($"The file {WirePath.Escape(entry.Path)} arrived damaged: its hash is not the sender's.");
                    }

                    string path = file.Complete(offset, entry.ModifiedAt, options.Existing);
                    await SendStoredAsync(index).ConfigureAwait(false);
                    await _progress[index].EndAsync(EGoatTransferState.Completed, null, TreeHash.Format(fileHash), path).ConfigureAwait(false);
                    return;
                default:
                    throw OutOfPlace();
            }

            if (offset == blockStart)
            {
                FileFrame.WriteAck(_reply, _verified);
                await channel.SendAsync(_reply, isText: false, _stop.Token).ConfigureAwait(false);
            }
        }
    }

    private static TransferException OutOfPlace() => new("The sender broke the transfer protocol: a frame out of place.");

    private static void AddBlock(ReadOnlySpan<byte> expected, IncrementalHash blockHash, ArrayBufferWriter<byte> blockHashes, ManifestEntry entry)
    {
        Span<byte> actual = blockHashes.GetSpan(FileFrame.HashLength)[..FileFrame.HashLength];
        blockHash.GetHashAndReset(actual);
        blockHashes.Advance(FileFrame.HashLength);
        if (!expected.SequenceEqual(actual))
        {
            throw new TransferException($"A block of {WirePath.Escape(entry.Path)} arrived damaged.");
        }
    }

    private async Task SendStoredAsync(int index)
    {
        var frame = new byte[FileFrame.StoredFrameLength];
        FileFrame.WriteStored(frame, index, isStored: true);
        await channel.SendAsync(frame, isText: false, _stop.Token).ConfigureAwait(false);
    }

    // The sender closes the channel when it has seen the last confirmation: closing first could overtake it.
    private async Task WaitForEndAsync()
    {
        _stop.CancelAfter(ProgressTimeout);
        try
        {
            while (await channel.ReceiveAsync(_stop.Token).ConfigureAwait(false) is { } message)
            {
                message.Dispose();
            }
        }
        catch (Exception e) when (e is RtcException or OperationCanceledException)
        {
            // Everything is in place all the same.
        }
    }

    private async Task<RtcMessage> ReadAsync()
    {
        _stop.CancelAfter(ProgressTimeout);
        RtcMessage? message = await channel.ReceiveAsync(_stop.Token).ConfigureAwait(false);
        if (message is { IsText: true })
        {
            message.Dispose();
            throw OutOfPlace();
        }

        return message ?? throw await GetReasonAsync("The sender closed the transfer before its end.").ConfigureAwait(false);
    }

    // Why the channel was closed may still be on its way over the control channel.
    private async Task<TransferException> GetReasonAsync(string otherwise)
    {
        await Task.WhenAny(_cancelled.Task, Task.Delay(ReasonTimeout)).ConfigureAwait(false);
        return _ended ?? new TransferException(otherwise);
    }
}
