using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// Receives the accepted files of a transfer, one after another: writes each block as it arrives, acknowledges it when its hash is
/// right, and puts each file in place when the file hash is. A file that does not come or cannot be kept has its own reason; the next
/// one follows.
/// </summary>
internal sealed class FileReception
{
    /// <summary>Files that are synced and named while the next ones come.</summary>
    private const int MaxCompleting = 16;

    private readonly TransferChannel _channel;
    private readonly IReadOnlyList<ManifestEntry> _entries;
    private readonly TransferFiles _transfers;
    private readonly ReceivePolicy _policy;
    private readonly string _sender;
    private readonly bool _hasOutcomes;
    private readonly Queue<Task> _completing = new();
    private readonly byte[] _ack = new byte[FileFrame.AckFrameLength];

    /// <summary>Payload bytes that are written and verified or given up, and those of the block under way.</summary>
    private long _verified;
    private long _inBlock;
    private int _stored;

    /// <param name="channel">Where they come from.</param>
    /// <param name="entries">The manifest.</param>
    /// <param name="transfers">Its files as users see them.</param>
    /// <param name="policy">What is allowed, and where they go.</param>
    /// <param name="sender">The sender's identity.</param>
    /// <param name="hasOutcomes">Whether the sender reads reasons.</param>
    public FileReception(TransferChannel channel, IReadOnlyList<ManifestEntry> entries, TransferFiles transfers, ReceivePolicy policy, string sender, bool hasOutcomes) =>
        (_channel, _entries, _transfers, _policy, _sender, _hasOutcomes) = (channel, entries, transfers, policy, sender, hasOutcomes);

    /// <summary>Payload bytes that are written and verified.</summary>
    public long Verified => _verified;

    /// <summary>Files and folders that are in place.</summary>
    public int Stored => Volatile.Read(ref _stored);

    /// <summary>Looks for what this side may hold of the files.</summary>
    public PresentFiles FindPresent(IReadOnlyList<int> accepted) =>
        PresentFiles.Find(_policy.Options.Output is null ? accepted.Where(i => _entries[i].Length > 0) : [], i => (IncomingFile)Create(_entries[i]));

    /// <summary>Tells the sender why files that are not taken are not.</summary>
    public async Task SendDeclinedAsync(IReadOnlyDictionary<int, FileOutcome> declined)
    {
        foreach ((int index, FileOutcome outcome) in _hasOutcomes ? declined : new Dictionary<int, FileOutcome>())
        {
            byte status = outcome.State == EGoatTransferState.Rejected ? FileFrame.StatusUnwanted : FileFrame.StatusFailed;
            await _channel.SendAsync(FileFrame.CreateStored(index, status, outcome.Reason!)).ConfigureAwait(false);
        }
    }

    /// <summary>Receives them all.</summary>
    /// <exception cref="TransferException">The sender keeps no order, or what it sends is damaged.</exception>
    public async Task RunAsync(IReadOnlyList<int> accepted, PresentFiles present)
    {
        foreach (int i in accepted)
        {
            await (_entries[i].IsFolder ? ReceiveFolderAsync(i) : ReceiveFileAsync(i, present)).ConfigureAwait(false);
        }

        while (_completing.TryDequeue(out Task? completing))
        {
            await completing.ConfigureAwait(false);
        }

        // Times of folders come last: every file that is made in one changes them.
        foreach (int i in accepted.Where(i => _entries[i].IsFolder).Reverse())
        {
            ApplyToFolder(_entries[i]);
        }
    }

    /// <summary>Waits for what is still being put in place.</summary>
    public Task CompleteAsync() => Task.WhenAll(_completing);

    private static string Explain(Exception e) => e is LeftOutException ? e.Message : TransferException.From(e).Message;

    private IncomingContent Create(ManifestEntry entry) => _policy.Options.Output is { } output
        ? new IncomingStream(entry, output)
        : new IncomingFile(entry, IncomingPath.Resolve(_policy.Options.Destination, entry.Path), _sender, _policy.Options);

    // A folder is END alone, like an empty file.
    private async Task ReceiveFolderAsync(int index)
    {
        using RtcMessage message = await ReadAsync().ConfigureAwait(false);
        if (!FileFrame.TryParse(message.Data.Span, out FileFrame frame) || frame.File != index || frame.Type != FileFrameType.End || frame.Value != 0)
        {
            throw TransferChannel.OutOfPlace();
        }

        try
        {
            IncomingPath.Resolve(_policy.Options.Destination, _entries[index].Path).MakeFolder().Dispose();
        }
        catch (Exception e) when (LeftOutException.IsFault(e))
        {
            await LeaveOutAsync(index, Explain(e)).ConfigureAwait(false);
            return;
        }

        await SendStoredAsync(index).ConfigureAwait(false);
    }

    private void ApplyToFolder(ManifestEntry entry)
    {
        try
        {
            using ReceiveFolder folder = IncomingPath.Resolve(_policy.Options.Destination, entry.Path).MakeFolder();
            folder.Apply(entry, _policy.Options.PreserveMode);
        }
        catch (Exception e) when (LeftOutException.IsFault(e))
        {
            // It could not be made, which was told, or has gone since; what lies in it has its own outcome.
        }
    }

    private async Task ReceiveFileAsync(int index, PresentFiles present)
    {
        IncomingContent? file = await TryOpenAsync(index, present).ConfigureAwait(false);
        try
        {
            bool isOver = false;
            while (!isOver)
            {
                using RtcMessage message = await ReadAsync().ConfigureAwait(false);
                if (file is null)
                {
                    isOver = await DiscardAsync(index, message.Data).ConfigureAwait(false);
                    continue;
                }

                try
                {
                    isOver = await HandleFrameAsync(message.Data, index, file).ConfigureAwait(false);
                }
                catch (Exception e) when (LeftOutException.IsFault(e))
                {
                    file.Dispose();
                    file = null;
                    isOver = message.Data.Span[0] == (byte)FileFrameType.End;
                    await LeaveOutAsync(index, Explain(e)).ConfigureAwait(false);
                    await AcknowledgeAsync().ConfigureAwait(false);
                }

                file = isOver ? null : file; // handed over, or disposed of
            }
        }
        finally
        {
            file?.Dispose();
        }
    }

    private async Task<IncomingContent?> TryOpenAsync(int index, PresentFiles present)
    {
        try
        {
            return (IncomingContent?)present.Take(index) ?? Create(_entries[index]);
        }
        catch (Exception e) when (LeftOutException.IsFault(e))
        {
            await LeaveOutAsync(index, Explain(e)).ConfigureAwait(false);
            return null;
        }
    }

    // Whether the file is over, with its content handed over or disposed of.
    private async ValueTask<bool> HandleFrameAsync(ReadOnlyMemory<byte> bytes, int index, IncomingContent file)
    {
        if (!FileFrame.TryParse(bytes.Span, out FileFrame frame) || frame.File != index)
        {
            throw TransferChannel.OutOfPlace();
        }

        switch (frame.Type)
        {
            case FileFrameType.Data when frame.Value == file.Offset && frame.Payload.Length <= file.RoomInBlock:
                int length = frame.Payload.Length;
                _inBlock += length;
                _policy.Count(file.Entry, file.Offset, length);
                file.Write(frame.Payload);
                _transfers.Get(index)?.Add(length, resumed: 0);
                await _policy.Rate.WaitAsync(length, _channel.Stopped).ConfigureAwait(false);
                return false;
            case FileFrameType.Hash when file.IsAtBlockBoundary:
                long held = frame.BlockLength;
                if (!file.TryEndHeldBlock(frame.Block, frame.BlockLength, frame.Payload))
                {
                    throw TransferChannel.OutOfPlace();
                }

                _transfers.Get(index)?.Add(0, held);
                return false;
            case FileFrameType.Hash:
                ReadOnlyMemory<byte> hash = bytes[(FileFrame.HashFrameLength - TreeHash.HashLength)..];
                if (!await file.TryEndBlockAsync(frame.Block, frame.BlockLength, hash, _channel.Stopped).ConfigureAwait(false))
                {
                    throw TransferChannel.OutOfPlace();
                }

                await AcknowledgeAsync().ConfigureAwait(false);
                return false;
            case FileFrameType.End when file.IsAtBlockBoundary && frame.Value == file.Offset && (file.Entry.Length < 0 || file.Entry.Length == file.Offset):
                byte[] fileHash = file.GetFileHash();
                if (!frame.Payload.SequenceEqual(fileHash))
                {
                    throw new TransferException($"The file {VisibleText.Quote(file.Entry.Path)} arrived damaged: its hash is not the sender's.");
                }

                await EnqueueAsync(CompleteAsync(index, file, fileHash)).ConfigureAwait(false);
                return true;
            case FileFrameType.Skip:
                string reason = frame.GetReason();
                file.Dispose();
                await AcknowledgeAsync().ConfigureAwait(false);
                await EndAsync(index, $"It was not sent: {VisibleText.Line(reason)}").ConfigureAwait(false);
                return true;
            default:
                throw TransferChannel.OutOfPlace();
        }
    }

    // What was on its way when the file failed. Whether that was the last of it.
    private async ValueTask<bool> DiscardAsync(int index, ReadOnlyMemory<byte> bytes)
    {
        if (!FileFrame.TryParse(bytes.Span, out FileFrame frame) || frame.File != index)
        {
            throw TransferChannel.OutOfPlace();
        }

        switch (frame.Type)
        {
            case FileFrameType.Data:
                _inBlock += frame.Payload.Length;
                await _policy.Rate.WaitAsync(frame.Payload.Length, _channel.Stopped).ConfigureAwait(false);
                return false;
            case FileFrameType.Hash:
                await AcknowledgeAsync().ConfigureAwait(false);
                return false;
            case FileFrameType.End or FileFrameType.Skip:
                await AcknowledgeAsync().ConfigureAwait(false);
                return true;
            default:
                throw TransferChannel.OutOfPlace();
        }
    }

    private async Task EnqueueAsync(Task completing)
    {
        _completing.Enqueue(completing);
        if (_completing.Count > MaxCompleting)
        {
            await _completing.Dequeue().ConfigureAwait(false);
        }
    }

    // Syncing and naming a file takes as long as sending several small ones.
    private async Task CompleteAsync(int index, IncomingContent file, byte[] fileHash)
    {
        StoredFile stored;
        try
        {
            using (_channel.Work())
            using (file)
            {
                stored = await file.CompleteAsync(_channel.Stopped).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (LeftOutException.IsFault(e))
        {
            await LeaveOutAsync(index, Explain(e)).ConfigureAwait(false);
            return;
        }

        await SendStoredAsync(index).ConfigureAwait(false);
        var end = new TransferEnd(EGoatTransferState.Completed) { TreeHash = TreeHash.Format(fileHash), Path = stored.Path, Warning = stored.Warning };
        await _transfers.EndAsync(index, end).ConfigureAwait(false);
    }

    private async Task AcknowledgeAsync()
    {
        if (_inBlock == 0)
        {
            return;
        }

        _verified += _inBlock;
        _inBlock = 0;
        FileFrame.WriteAck(_ack, _verified);
        await _channel.SendAsync(_ack).ConfigureAwait(false);
    }

    private async Task SendStoredAsync(int index)
    {
        Interlocked.Increment(ref _stored);
        var frame = new byte[FileFrame.StoredFrameLength];
        FileFrame.WriteStored(frame, index, isStored: true);
        await _channel.SendAsync(frame).ConfigureAwait(false);
    }

    // The sender is told, with the reason if it reads one.
    private async Task LeaveOutAsync(int index, string reason)
    {
        await _channel.SendAsync(FileFrame.CreateStored(index, FileFrame.StatusFailed, _hasOutcomes ? reason : "")).ConfigureAwait(false);
        await EndAsync(index, reason).ConfigureAwait(false);
    }

    private async Task EndAsync(int index, string reason) =>
        await _transfers.EndAsync(index, new TransferEnd(EGoatTransferState.Failed, reason) { IsLeftOut = true }).ConfigureAwait(false);

    private async Task<RtcMessage> ReadAsync() => await _channel.ReceiveAsync().ConfigureAwait(false) ?? throw new RtcException("The sender closed the transfer before its end.");
}
