using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// Receives the files of one transfer (docs/protocol.md §4): reads the whole manifest, decides, writes each block as it
/// arrives, acknowledges it when its hash is right, and puts each file in place when the file hash is.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The peer may end the transfer after its end too, and a source without links and timers holds nothing.")]
internal sealed class FileReceiver(string id, Peer peer, EGoatPeer sender, RtcDataChannel channel, TransferList transfers, Func<FileReceiver, Task> supersede, CancellationToken cancellationToken)
{
    /// <summary>The longest time without a frame.</summary>
    private static readonly TimeSpan ProgressTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Files of one transfer that are compared with what is there; each is open meanwhile.</summary>
    private const int MaxPresent = 256;

    /// <summary>How long the reason of a channel that was closed early may take: it comes over another channel.</summary>
    private static readonly TimeSpan ReasonTimeout = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _endedSource = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _reply = new byte[FileFrame.AckFrameLength];
    private List<ManifestEntry> _entries = [];
    private TransferProgress[] _progress = [];
    private TransferException? _ended;

    /// <summary>Payload bytes that are written and verified.</summary>
    private long _verified;

    /// <summary>Payload bytes of the block under way.</summary>
    private long _inBlock;

    public string Id => id;

    public Peer Peer => peer;

    public string SenderIdentity => sender.Identity;

    /// <summary>The relative paths that it receives; empty until the manifest is read.</summary>
    public IReadOnlySet<string> Paths { get; private set; } = new HashSet<string>();

    /// <summary>Completes when its files are closed.</summary>
    public Task Ended => _endedSource.Task;

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
            Paths = _entries.Select(e => e.Path).ToHashSet(StringComparer.OrdinalIgnoreCase);
            await supersede(this).ConfigureAwait(false);
            Dictionary<int, IncomingFile> present = OpenPresent(options);
            try
            {
                peer.Send(new AcceptMessage(id, null, Have: present.Count > 0));
                if (present.Count > 0)
                {
                    await SendHaveAsync(present).ConfigureAwait(false);
                }

                for (int i = 0; i < _entries.Count; i++)
                {
                    using IncomingFile file = present.Remove(i, out IncomingFile? opened) ? opened : Create(_entries[i], options);
                    await ReceiveFileAsync(i, file).ConfigureAwait(false);
                }
            }
            finally
            {
                foreach (IncomingFile file in present.Values)
                {
                    file.Dispose();
                }
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
        _endedSource.TrySetResult();
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

    private IncomingFile Create(ManifestEntry entry, ReceiveOptions options)
    {
        WirePath.TrySplit(entry.Path, PathRules.Current, out string[] components, out _);
        return new IncomingFile(entry, PartialFile.Resolve(options.Destination, components), sender.Identity, options.Existing);
    }

    private Dictionary<int, IncomingFile> OpenPresent(ReceiveOptions options)
    {
        var present = new Dictionary<int, IncomingFile>();
        for (int i = 0; i < _entries.Count && present.Count < MaxPresent; i++)
        {
            IncomingFile file = Create(_entries[i], options);
            if (file.OpenPresent())
            {
                present[i] = file;
            }
            else
            {
                file.Dispose();
            }
        }

        return present;
    }

    // The sender skips the blocks whose hashes these are.
    private async Task SendHaveAsync(Dictionary<int, IncomingFile> present)
    {
        const int hashesPerPage = (FileFrame.MaxSmallLength - FileFrame.HaveHeaderLength) / FileFrame.HashLength;
        byte[] block = ArrayPool<byte>.Shared.Rent(TreeHash.BlockSize);
        var page = new byte[FileFrame.MaxSmallLength];
        try
        {
            foreach ((int index, IncomingFile file) in present)
            {
                for (int first = 0, count = hashesPerPage; count == hashesPerPage; first += count)
                {
                    _stop.CancelAfter(ProgressTimeout);
                    count = await Task.Run(() => HashPage(file, block, page), _stop.Token).ConfigureAwait(false);
                    FileFrame.WriteHaveHeader(page, index, first, isLastPage: false);
                    await channel.SendAsync(page.AsMemory(0, FileFrame.HaveHeaderLength + (count * FileFrame.HashLength)), isText: false, _stop.Token).ConfigureAwait(false);
                }
            }

            FileFrame.WriteHaveHeader(page, 0, 0, isLastPage: true);
            await channel.SendAsync(page.AsMemory(0, FileFrame.HaveHeaderLength), isText: false, _stop.Token).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        static int HashPage(IncomingFile file, byte[] block, byte[] page)
        {
            int count = 0;
            while (count < hashesPerPage && file.TryHashPresent(block, page.AsSpan(FileFrame.HaveHeaderLength + (count * FileFrame.HashLength), FileFrame.HashLength)))
            {
                count++;
            }

            return count;
        }
    }

    private async Task ReceiveFileAsync(int index, IncomingFile file)
    {
        ManifestEntry entry = file.Entry;
        while (true)
        {
            using RtcMessage message = await ReadAsync().ConfigureAwait(false);
            if (!FileFrame.TryParse(message.Data.Span, out FileFrame frame) || frame.File != index)
            {
                throw OutOfPlace();
            }

            switch (frame.Type)
            {
                case FileFrameType.Data when frame.Value == file.Offset && frame.Payload.Length <= file.RoomInBlock:
                    file.Write(frame.Payload);
                    _inBlock += frame.Payload.Length;
                    _progress[index].Add(frame.Payload.Length);
                    break;
                case FileFrameType.Hash when file.TryEndBlock(frame.Block, frame.BlockLength, frame.Payload, out bool isHeld):
                    if (isHeld)
                    {
                        _progress[index].AddResumed(frame.BlockLength);
                    }
                    else
                    {
                        await AcknowledgeAsync().ConfigureAwait(false);
                    }

                    break;
                case FileFrameType.End when file.IsAtBlockBoundary && frame.Value == file.Offset && (entry.Length < 0 || entry.Length == file.Offset):
                    byte[] fileHash = file.GetFileHash();
                    if (!frame.Payload.SequenceEqual(fileHash))
                    {
                        throw new TransferException($"The file {WirePath.Escape(entry.Path)} arrived damaged: its hash is not the sender's.");
                    }

                    string path = file.Complete();
                    await SendStoredAsync(index).ConfigureAwait(false);
                    await _progress[index].EndAsync(EGoatTransferState.Completed, null, TreeHash.Format(fileHash), path).ConfigureAwait(false);
                    return;
                default:
                    throw OutOfPlace();
            }
        }
    }

    private async Task AcknowledgeAsync()
    {
        _verified += _inBlock;
        _inBlock = 0;
        FileFrame.WriteAck(_reply, _verified);
        await channel.SendAsync(_reply, isText: false, _stop.Token).ConfigureAwait(false);
    }

    private static TransferException OutOfPlace() => new("The sender broke the transfer protocol: a frame out of place.");

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
