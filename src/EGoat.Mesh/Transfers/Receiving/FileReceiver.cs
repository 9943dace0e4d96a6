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
internal sealed class FileReceiver(string id, Peer peer, EGoatPeer sender, RtcDataChannel channel, TransferList transfers, Func<FileReceiver, Task> supersede, TimeProvider time, CancellationToken cancellationToken) : ITransfer
{
    /// <summary>The longest time without a frame.</summary>
    private static readonly TimeSpan ProgressTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Files of one transfer that stay open between comparing and receiving.</summary>
    private const int MaxOpen = 64;

    /// <summary>Files that are synced and named while the next ones come.</summary>
    private const int MaxCompleting = 16;

    /// <summary>How long the reason of a channel that was closed early may take: it comes over another channel.</summary>
    private static readonly TimeSpan ReasonTimeout = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _endedSource = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new(Timeout.InfiniteTimeSpan, time);
    private readonly byte[] _reply = new byte[FileFrame.AckFrameLength];
    private readonly Queue<Task> _completing = new();
    private List<ManifestEntry> _entries = [];
    private TransferFiles? _transfers;
    private TransferException? _ended;

    /// <summary>The offer was taken, or part of it.</summary>
    private bool _hasBegun;

    /// <summary>Payload bytes that are written and verified.</summary>
    private long _verified;

    /// <summary>Payload bytes of the block under way.</summary>
    private long _inBlock;

    public string Id => id;

    string? ITransfer.WireId => id;

    public Peer Peer => peer;

    public string SenderIdentity => sender.Identity;

    /// <summary>Whether it rests.</summary>
    public PauseGate Pause { get; } = new();

    /// <summary>The relative paths that it receives; empty until the manifest is read.</summary>
    public IReadOnlySet<string> Paths { get; private set; } = new HashSet<string>();

    /// <summary>Completes when its files are closed.</summary>
    public Task Ended => _endedSource.Task;

    /// <summary>The files that are on their way.</summary>
    public IReadOnlyList<TransferProgress> Running => _transfers?.Running ?? [];

    /// <summary>The sender gives it up.</summary>
    public void HandleCancel(string reason) => End(new TransferException($"The sender cancelled it: {reason}", EGoatTransferState.Cancelled));

    /// <summary>This side gives it up.</summary>
    public void Cancel()
    {
        const string reason = "It was cancelled.";
        peer.Send(new CancelMessage(id, reason));
        End(new TransferException(reason, EGoatTransferState.Cancelled));
    }

    /// <inheritdoc/>
    public void Handle(ControlMessage message)
    {
        if (message is CancelMessage cancel)
        {
            HandleCancel(VisibleText.Line(cancel.Reason));
        }
    }

    /// <summary>Either side pauses or resumes: the limit on silence does not count meanwhile.</summary>
    public void HandlePause()
    {
        LimitSilence();
        foreach (TransferProgress progress in Running)
        {
            progress.SetPaused(Pause.IsPaused);
        }
    }

    private void LimitSilence() => _stop.CancelAfter(Pause.IsPaused ? Timeout.InfiniteTimeSpan : ProgressTimeout);

    /// <summary>Runs the transfer to its end. With no policy it is rejected.</summary>
    public async Task RunAsync(ReceivePolicy? policy)
    {
        TransferException? failure = null;
        using CancellationTokenRegistration registration = cancellationToken.Register(_stop.Cancel);
        try
        {
            await ReadManifestAsync().ConfigureAwait(false);
            if (policy is null)
            {
                throw new TransferException("This side does not accept files.", EGoatTransferState.Rejected);
            }

            // Neither people nor other transfers are hurried.
            _stop.CancelAfter(Timeout.InfiniteTimeSpan);
            using IDisposable turn = await policy.WaitForTurnAsync(_stop.Token).ConfigureAwait(false);
            (IReadOnlyList<int> accepted, IReadOnlyDictionary<int, string> declined) = await policy.DecideAsync(id, sender, _entries, _stop.Token).ConfigureAwait(false);
            await BeginAsync(accepted, declined).ConfigureAwait(false);
            await ReceiveFilesAsync(accepted, isWhole: declined.Count == 0, policy).ConfigureAwait(false);
            peer.Send(new DoneMessage(id, accepted.Count, _verified));
            await WaitForEndAsync().ConfigureAwait(false);
        }
        catch (TransferException e)
        {
            failure = e;
        }
        catch (OperationCanceledException)
        {
            failure = _ended ?? (cancellationToken.IsCancellationRequested
                ? new TransferException("The receiver left.", EGoatTransferState.Cancelled)
                : new TransferException("No data came for 60 seconds."));
        }
        catch (RtcException)
        {
            failure = await GetReasonAsync("The connection to the sender was lost.").ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failure = _ended ?? TransferException.From(e);
        }

        await Task.WhenAll(_completing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (failure is not null && _ended is null)
        {
            // First the reason, then the end of the channel.
            peer.Send(failure.State == EGoatTransferState.Rejected ? new RejectMessage(id, failure.Message) : new CancelMessage(id, failure.Message));
        }

        _ = channel.CloseAndDiscardAsync();
        _endedSource.TrySetResult();
        if (failure is not null)
        {
            await FailAsync(failure).ConfigureAwait(false);
        }

        _stop.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    private void End(TransferException ended)
    {
        _ended ??= ended;
        _cancelled.TrySetResult();
        _stop.Cancel();
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

    private async Task BeginAsync(IReadOnlyList<int> accepted, IReadOnlyDictionary<int, string> declined)
    {
        _hasBegun = true;
        foreach ((int i, string reason) in declined)
        {
            await _transfers!.EndAsync(i, EGoatTransferState.Rejected, reason).ConfigureAwait(false);
        }

        _transfers!.Show(accepted);
        foreach (TransferProgress progress in Pause.IsPaused ? _transfers.Running : [])
        {
            progress.SetPaused(true); // while somebody was asked
        }

        Paths = accepted.Select(i => _entries[i].Path).ToHashSet(StringComparer.OrdinalIgnoreCase);
        await supersede(this).ConfigureAwait(false);
    }

    private async Task FailAsync(TransferException failure)
    {
        // Of an offer that was refused as a whole the first file says why.
        int first = _hasBegun ? 0 : _entries.FindIndex(e => !e.IsFolder);
        for (int i = Math.Max(0, first); i < (_hasBegun ? _entries.Count : first + 1); i++)
        {
            await _transfers!.EndAsync(i, failure.State, failure.Message).ConfigureAwait(false);
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

        if (entries.Sum(e => (decimal)Math.Max(0, e.Length)) > long.MaxValue)
        {
            throw new TransferException("The files of the sender's manifest are longer than any disk.", EGoatTransferState.Rejected);
        }

        _entries = entries.Count > 0 ? entries : throw new TransferException("The sender's manifest is empty.");
        _transfers = new TransferFiles(transfers, entries.Count, i => entries[i].IsFolder ? null : Describe(entries[i]));
    }

    private async Task ReceiveFilesAsync(IReadOnlyList<int> accepted, bool isWhole, ReceivePolicy policy)
    {
        Dictionary<int, IncomingFile> present = policy.Options.Output is null ? FindPresent(accepted, policy.Options) : [];
        try
        {
            if (!isWhole && AcceptMessage.CountItems(accepted) > (peer.HasFeature(ControlMessage.RangesFeature) ? AcceptMessage.MaxItems : AcceptMessage.MaxPlainIndices))
            {
                throw new TransferException("Too many single files of it are wanted; send fewer at once.", EGoatTransferState.Rejected);
            }

            peer.Send(new AcceptMessage(id, isWhole ? null : accepted, Have: present.Count > 0));
            if (present.Count > 0)
            {
                await SendHaveAsync(present).ConfigureAwait(false);
            }

            foreach (int i in accepted)
            {
                if (_entries[i].IsFolder)
                {
                    await ReceiveFolderAsync(i, policy.Options).ConfigureAwait(false);
                }
                else
                {
                    await ReceiveFileAsync(i, present.Remove(i, out IncomingFile? opened) ? opened : Create(_entries[i], policy.Options), policy).ConfigureAwait(false);
                }
            }

            while (_completing.TryDequeue(out Task? completing))
            {
                await completing.ConfigureAwait(false);
            }
        }
        finally
        {
            foreach (IncomingFile file in present.Values)
            {
                file.Dispose();
            }
        }

        // Times of folders come last: every file that is made in one changes them.
        foreach (int i in accepted.Where(i => _entries[i].IsFolder).Reverse())
        {
            using ReceiveFolder folder = IncomingPath.Resolve(policy.Options.Destination, _entries[i].Path).MakeFolder();
            folder.Apply(_entries[i]);
        }
    }

    private IncomingContent Create(ManifestEntry entry, ReceiveOptions options) => options.Output is { } output
        ? new IncomingStream(entry, output)
        : new IncomingFile(entry, IncomingPath.Resolve(options.Destination, entry.Path), sender.Identity, options.Existing);

    private Dictionary<int, IncomingFile> FindPresent(IReadOnlyList<int> accepted, ReceiveOptions options)
    {
        var present = new Dictionary<int, IncomingFile>();
        foreach (int i in accepted)
        {
            if (_entries[i].Length <= 0)
            {
                continue;
            }

            var file = (IncomingFile)Create(_entries[i], options);
            if (!file.OpenPresent())
            {
                file.Dispose();
                continue;
            }

            present[i] = file;
            if (present.Count > MaxOpen)
            {
                file.ClosePresent();
            }
        }

        return present;
    }

    // The sender skips the blocks whose hashes these are.
    private async Task SendHaveAsync(Dictionary<int, IncomingFile> present)
    {
        const int hashesPerPage = (FileFrame.MaxSmallLength - FileFrame.HaveHeaderLength) / TreeHash.HashLength;
        byte[] block = ArrayPool<byte>.Shared.Rent(TreeHash.BlockSize);
        var page = new byte[FileFrame.MaxSmallLength];
        try
        {
            foreach ((int index, IncomingFile file) in present)
            {
                bool isReopened = file.ReopenPresent();
                for (int first = 0, count = hashesPerPage; count == hashesPerPage; first += count)
                {
                    _stop.CancelAfter(ProgressTimeout);
                    count = await Task.Run(() => HashPage(file, block, page), _stop.Token).ConfigureAwait(false);
                    FileFrame.WriteHaveHeader(page, index, first, isLastPage: false);
                    await channel.SendAsync(page.AsMemory(0, FileFrame.HaveHeaderLength + (count * TreeHash.HashLength)), isText: false, _stop.Token).ConfigureAwait(false);
                }

                if (isReopened)
                {
                    file.ClosePresent();
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
            while (count < hashesPerPage && file.TryHashPresent(block, page.AsSpan(FileFrame.HaveHeaderLength + (count * TreeHash.HashLength), TreeHash.HashLength)))
            {
                count++;
            }

            return count;
        }
    }

    // A folder is END alone, like an empty file.
    private async Task ReceiveFolderAsync(int index, ReceiveOptions options)
    {
        using RtcMessage message = await ReadAsync().ConfigureAwait(false);
        if (!FileFrame.TryParse(message.Data.Span, out FileFrame frame) || frame.File != index || frame.Type != FileFrameType.End || frame.Value != 0)
        {
            throw OutOfPlace();
        }

        IncomingPath.Resolve(options.Destination, _entries[index].Path).MakeFolder().Dispose();
        await SendStoredAsync(index).ConfigureAwait(false);
    }

    private async Task ReceiveFileAsync(int index, IncomingContent file, ReceivePolicy policy)
    {
        bool isHandedOver = false;
        try
        {
            byte[]? fileHash = null;
            while (fileHash is null)
            {
                using RtcMessage message = await ReadAsync().ConfigureAwait(false);
                fileHash = await HandleFrameAsync(message.Data, index, file, policy).ConfigureAwait(false);
            }

            if (_completing.Count == MaxCompleting)
            {
                await _completing.Dequeue().ConfigureAwait(false);
            }

            isHandedOver = true;
            _completing.Enqueue(CompleteAsync(index, file, fileHash));
        }
        finally
        {
            if (!isHandedOver)
            {
                file.Dispose();
            }
        }
    }

    // The file's hash when the frame was its last.
    private async ValueTask<byte[]?> HandleFrameAsync(ReadOnlyMemory<byte> bytes, int index, IncomingContent file, ReceivePolicy policy)
    {
        if (!FileFrame.TryParse(bytes.Span, out FileFrame frame) || frame.File != index)
        {
            throw OutOfPlace();
        }

        switch (frame.Type)
        {
            case FileFrameType.Data when frame.Value == file.Offset && frame.Payload.Length <= file.RoomInBlock:
                int length = frame.Payload.Length;
                policy.Count(file.Entry, file.Offset, length);
                file.Write(frame.Payload);
                _inBlock += length;
                _transfers!.Get(index)?.Add(length, 0);
                await policy.Rate.WaitAsync(length, _stop.Token).ConfigureAwait(false);
                return null;
            case FileFrameType.Hash when file.TryEndBlock(frame.Block, frame.BlockLength, frame.Payload, out bool isHeld):
                if (isHeld)
                {
                    _transfers!.Get(index)?.Add(0, frame.BlockLength);
                }
                else
                {
                    await AcknowledgeAsync().ConfigureAwait(false);
                }

                return null;
            case FileFrameType.End when file.IsAtBlockBoundary && frame.Value == file.Offset && (file.Entry.Length < 0 || file.Entry.Length == file.Offset):
                byte[] fileHash = file.GetFileHash();
                return frame.Payload.SequenceEqual(fileHash)
                    ? fileHash
                    : throw new TransferException($"The file {VisibleText.Quote(file.Entry.Path)} arrived damaged: its hash is not the sender's.");
            default:
                throw OutOfPlace();
        }
    }

    // Syncing and naming a file takes as long as sending several small ones.
    private async Task CompleteAsync(int index, IncomingContent file, byte[] fileHash)
    {
        string path;
        using (file)
        {
            path = await Task.Run(file.Complete).ConfigureAwait(false);
        }

        await SendStoredAsync(index).ConfigureAwait(false);
        await _transfers!.EndAsync(index, EGoatTransferState.Completed, null, TreeHash.Format(fileHash), path).ConfigureAwait(false);
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
            await channel.DiscardAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RtcException or OperationCanceledException)
        {
            // Everything is in place all the same.
        }
    }

    private async Task<RtcMessage> ReadAsync()
    {
        LimitSilence();
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
