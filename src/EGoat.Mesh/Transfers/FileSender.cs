using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// Sends files to one peer over a channel of their own (docs/protocol.md §4): manifest, answer, blocks with their hashes, and
/// never more than 16 MiB that the receiver has not written and verified.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The peer may end the transfer after its end too, and a source without links and timers holds nothing.")]
internal sealed class FileSender
{
    /// <summary>Content that may be on its way unacknowledged.</summary>
    private const long MaxUnacknowledged = 16 * 1024 * 1024;

    /// <summary>The longest time without an answer or an acknowledgement.</summary>
    private static readonly TimeSpan ProgressTimeout = TimeSpan.FromSeconds(60);

    /// <summary>How long the reason of a channel that was closed early may take: it comes over another channel.</summary>
    private static readonly TimeSpan ReasonTimeout = TimeSpan.FromSeconds(1);

    private readonly Peer _peer;
    private readonly IReadOnlyList<SourceFile> _files;
    private readonly TransferProgress[] _progress;
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<AcceptMessage> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool?[] _stored;
    private readonly string?[] _hashes;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _acknowledged;
    private TransferException? _ended;
    private TransferException? _failure;
    private IReadOnlyList<int> _accepted = [];
    private volatile bool _isDone;

    /// <summary>The channel was closed without a reason.</summary>
    private volatile bool _isClosedEarly;

    /// <summary>The hashes of the blocks that the receiver holds, by file; complete when it has said so.</summary>
    private readonly Dictionary<int, ArrayBufferWriter<byte>> _have = [];
    private volatile bool _hasAllHave;

    public FileSender(string id, Peer peer, IReadOnlyList<SourceFile> files, TransferProgress[] progress, CancellationToken cancellationToken)
    {
        Id = id;
        _peer = peer;
        _files = files;
        _progress = progress;
        _stored = new bool?[files.Count];
        _hashes = new string?[files.Count];
        _cancellationToken = cancellationToken;
    }

    public string Id { get; }

    public Peer Peer => _peer;

    /// <summary>The peer has taken the offer, or part of it.</summary>
    public void HandleAccept(AcceptMessage accept) => _answer.TrySetResult(accept);

    /// <summary>The peer does not want it, or gives it up.</summary>
    public void HandleEnd(string reason, EGoatTransferState state)
    {
        var ended = new TransferException(reason, state);
        _ended ??= ended;
        _answer.TrySetException(ended);
        _stop.Cancel();
    }

    /// <summary>It ended because the connection did: what the receiver has verified by then it keeps.</summary>
    public bool IsConnectionLost { get; private set; }

    /// <summary>The files that the receiver has not confirmed.</summary>
    public IReadOnlyList<int> Rest => [.. Enumerable.Range(0, _files.Count).Where(i => _stored[i] is null)];

    /// <summary>Runs the transfer to its end; <c>EndAsync</c> follows.</summary>
    public async Task RunAsync()
    {
        TransferException? failure = null;
        RtcDataChannel? channel = null;
        using CancellationTokenRegistration registration = _cancellationToken.Register(_stop.Cancel);
        try
        {
            channel = _peer.OpenChannel($"file:{Id}");
            Task reading = ReadAsync(channel);
            _peer.Send(new TransferMessage(Id, _files.Count, _files.Sum(f => f.Length), _files[0].Name));
            var entries = _files.Select((f, i) => new ManifestEntry(i, f.Name, f.Length, f.ModifiedAt)).ToList();
            foreach (byte[] page in Manifest.WritePages(entries))
            {
                await channel.SendAsync(page, isText: false, _stop.Token).ConfigureAwait(false);
            }

            AcceptMessage answer = await _answer.Task.WaitAsync(ProgressTimeout, _stop.Token).ConfigureAwait(false);
            _accepted = [.. (answer.Files ?? Enumerable.Range(0, _files.Count)).Where(i => i < _files.Count).Distinct().Order()];
            if (answer.Have)
            {
                await WaitAsync(() => _hasAllHave, "The receiver did not say in time what it holds.").ConfigureAwait(false);
            }

            await SendFilesAsync(channel, _accepted).ConfigureAwait(false);
            await WaitAsync(() => _accepted.All(i => _stored[i] is not null), "The receiver did not confirm the files in time.").ConfigureAwait(false);
            _isDone = true;
            channel.Close();
            await reading.ConfigureAwait(false);
        }
        catch (TransferException e)
        {
            failure = e;
        }
        catch (OperationCanceledException)
        {
            failure = _ended ?? new TransferException("It was cancelled.", EGoatTransferState.Cancelled);
        }
        catch (TimeoutException)
        {
            failure = new TransferException("The receiver did not answer the offer.");
        }
        catch (Exception e) when (e is RtcException or IOException or UnauthorizedAccessException)
        {
            failure = _ended ?? new TransferException(e is RtcException ? $"The connection to the receiver was lost. {e.Message}" : e.Message);
            IsConnectionLost = _ended is null && e is RtcException;
        }

        _isDone = true;
        if (failure is not null)
        {
            // First the reason, then the end of the channel.
            if (_ended is null)
            {
                _peer.Send(new CancelMessage(Id, failure.Message));
            }

            channel?.Close();
        }

        IsConnectionLost |= _isClosedEarly && failure == _ended;
        _failure = failure;
    }

    /// <summary>Reports the outcome of files.</summary>
    public async Task<IReadOnlyList<EGoatTransfer>> EndAsync(IEnumerable<int> files)
    {
        var results = new List<EGoatTransfer>();
        foreach (int file in files)
        {
            results.Add(await EndAsync(file, _failure).ConfigureAwait(false));
        }

        return results;
    }

    private Task<EGoatTransfer> EndAsync(int file, TransferException? failure) => (_stored[file], failure) switch
    {
        (true, _) => _progress[file].EndAsync(EGoatTransferState.Completed, null, _hashes[file]),
        (false, _) => _progress[file].EndAsync(EGoatTransferState.Failed, "The receiver could not store the file."),
        (_, not null) => _progress[file].EndAsync(failure.State, failure.Message),
        _ => _progress[file].EndAsync(EGoatTransferState.Rejected, _accepted.Contains(file) ? null : "The receiver did not want this file."),
    };

    private async Task SendFilesAsync(RtcDataChannel channel, IReadOnlyList<int> accepted)
    {
        long sent = 0;
        byte[] present = ArrayPool<byte>.Shared.Rent(TreeHash.BlockSize);
        byte[] next = ArrayPool<byte>.Shared.Rent(TreeHash.BlockSize);
        byte[] frame = ArrayPool<byte>.Shared.Rent(FileFrame.MaxLength);
        try
        {
            foreach (int index in accepted)
            {
                sent = await SendFileAsync(channel, index, sent, present, next, frame).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
            ArrayPool<byte>.Shared.Return(next);
            ArrayPool<byte>.Shared.Return(present);
        }
    }

    // The next block is read and hashed while the present one is sent.
    private async Task<long> SendFileAsync(RtcDataChannel channel, int index, long sent, byte[] present, byte[] next, byte[] frame)
    {
        SourceFile file = _files[index];
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        if (RandomAccess.GetLength(handle) != file.Length)
        {
            throw new TransferException($"The file '{file.Name}' has changed since it was offered.");
        }

        var blockHashes = new ArrayBufferWriter<byte>();
        long blocks = TreeHash.BlockCount(file.Length);
        Task<byte[]> reading = blocks > 0 ? ReadBlockAsync(handle, file, 0, present) : Task.FromResult<byte[]>([]);
        for (long block = 0; block < blocks; block++)
        {
            byte[] hash = await reading.ConfigureAwait(false);
            if (block + 1 < blocks)
            {
                reading = ReadBlockAsync(handle, file, block + 1, next);
            }

            int length = TreeHash.BlockLength(file.Length, block);
            blockHashes.Write(hash);
            if (IsHeld(index, block, hash))
            {
                FileFrame.WriteHash(frame, index, (int)block, length, hash);
                await channel.SendAsync(frame.AsMemory(0, FileFrame.HashFrameLength), isText: false, _stop.Token).ConfigureAwait(false);
                _progress[index].AddResumed(length);
                (present, next) = (next, present);
                continue;
            }

            await WaitAsync(() => sent + length - _acknowledged <= MaxUnacknowledged, "The receiver has acknowledged nothing for 60 seconds.").ConfigureAwait(false);
            await SendBlockAsync(channel, index, block, present.AsMemory(0, length), hash, frame).ConfigureAwait(false);
            sent += length;
            (present, next) = (next, present);
        }

        byte[] fileHash = TreeHash.Combine(file.Length, blockHashes.WrittenSpan);
        _hashes[index] = TreeHash.Format(fileHash);
        FileFrame.WriteEnd(frame, index, file.Length, fileHash);
        await channel.SendAsync(frame.AsMemory(0, FileFrame.EndFrameLength), isText: false, _stop.Token).ConfigureAwait(false);
        return sent;
    }

    private static Task<byte[]> ReadBlockAsync(Microsoft.Win32.SafeHandles.SafeFileHandle handle, SourceFile file, long block, byte[] buffer) => Task.Run(() =>
    {
        Span<byte> rest = buffer.AsSpan(0, TreeHash.BlockLength(file.Length, block));
        long offset = block * TreeHash.BlockSize;
        while (!rest.IsEmpty)
        {
            int read = RandomAccess.Read(handle, rest, offset);
            if (read == 0)
            {
                throw new TransferException($"The file '{file.Name}' became shorter while it was sent.");
            }

            rest = rest[read..];
            offset += read;
        }

        return SHA256.HashData(buffer.AsSpan(0, TreeHash.BlockLength(file.Length, block)));
    });

    private async Task SendBlockAsync(RtcDataChannel channel, int index, long block, ReadOnlyMemory<byte> content, byte[] hash, byte[] frame)
    {
        int maxPayload = _peer.MaxFrameLength - FileFrame.DataHeaderLength;
        for (int offset = 0; offset < content.Length; offset += maxPayload)
        {
            int length = Math.Min(maxPayload, content.Length - offset);
            FileFrame.WriteDataHeader(frame, index, (block * TreeHash.BlockSize) + offset);
            content.Slice(offset, length).CopyTo(frame.AsMemory(FileFrame.DataHeaderLength));
            await channel.SendAsync(frame.AsMemory(0, FileFrame.DataHeaderLength + length), isText: false, _stop.Token).ConfigureAwait(false);
            _progress[index].Add(length);
        }

        FileFrame.WriteHash(frame, index, (int)block, content.Length, hash);
        await channel.SendAsync(frame.AsMemory(0, FileFrame.HashFrameLength), isText: false, _stop.Token).ConfigureAwait(false);
    }

    private async Task ReadAsync(RtcDataChannel channel)
    {
        try
        {
            while (await channel.ReceiveAsync(CancellationToken.None).ConfigureAwait(false) is { } message)
            {
                using (message)
                {
                    if (message.IsText || !HandleFrame(message.Data.Span))
                    {
                        HandleEnd("The receiver broke the transfer protocol.", EGoatTransferState.Failed);
                        return;
                    }
                }
            }
        }
        catch (RtcException)
        {
            // The connection is gone; sending notices too.
        }

        if (!_isDone && _ended is null)
        {
            // Why the channel was closed may still be on its way over the control channel.
            await Task.Delay(ReasonTimeout, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _isClosedEarly = _ended is null;
            HandleEnd("The receiver closed the transfer before its end.", EGoatTransferState.Failed);
        }
    }

    private bool HandleFrame(ReadOnlySpan<byte> bytes)
    {
        if (!FileFrame.TryParse(bytes, out FileFrame frame))
        {
            return false;
        }

        switch (frame.Type)
        {
            case FileFrameType.Ack when frame.Value >= _acknowledged:
                _acknowledged = frame.Value;
                break;
            case FileFrameType.Have when TryAddHave(frame):
                break;
            case FileFrameType.Stored when frame.File < _files.Count:
                _stored[frame.File] = frame.Flags == 0;
                break;
            default:
                return false;
        }

        Changed();
        return true;
    }

    private bool TryAddHave(in FileFrame page)
    {
        if (_hasAllHave || page.File >= _files.Count)
        {
            return false;
        }

        if (!page.Payload.IsEmpty)
        {
            if (!_have.TryGetValue((int)page.File, out ArrayBufferWriter<byte>? hashes))
            {
                hashes = _have[(int)page.File] = new ArrayBufferWriter<byte>();
            }

            if (page.Block != hashes.WrittenCount / FileFrame.HashLength ||
                (hashes.WrittenCount + page.Payload.Length) / FileFrame.HashLength > TreeHash.BlockCount(_files[(int)page.File].Length))
            {
                return false;
            }

            hashes.Write(page.Payload);
        }

        _hasAllHave = (page.Flags & FileFrame.LastPage) != 0;
        return true;
    }

    private bool IsHeld(int file, long block, ReadOnlySpan<byte> hash)
    {
        long at = block * FileFrame.HashLength;
        return _have.TryGetValue(file, out ArrayBufferWriter<byte>? hashes) && at + FileFrame.HashLength <= hashes.WrittenCount &&
            hashes.WrittenSpan.Slice((int)at, FileFrame.HashLength).SequenceEqual(hash);
    }

    private void Changed() => Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    // The time limit runs from the last change, not from the beginning.
    private async Task WaitAsync(Func<bool> until, string onTimeout)
    {
        while (true)
        {
            Task changed = Volatile.Read(ref _changed).Task;
            if (until())
            {
                return;
            }

            if (_ended is not null)
            {
                throw _ended;
            }

            try
            {
                await changed.WaitAsync(ProgressTimeout, _stop.Token).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                throw new TransferException(onTimeout);
            }
        }
    }
}
