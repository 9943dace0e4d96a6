using System.Buffers;
using System.Diagnostics.CodeAnalysis;
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

    /// <summary>Files that may be on their way without a confirmation.</summary>
    private const int MaxUnconfirmed = 4096;

    /// <summary>The longest time without an acknowledgement.</summary>
    private static readonly TimeSpan ProgressTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The longest time without an answer to the offer: people may be asked.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(10);

    /// <summary>How long the reason of a channel that was closed early may take: it comes over another channel.</summary>
    private static readonly TimeSpan ReasonTimeout = TimeSpan.FromSeconds(1);

    private readonly Peer _peer;
    private readonly SourceReader _source;
    private readonly RateLimit _rate;
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<AcceptMessage> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The files of this transfer, as indices of the source; an index of the transfer is a place in this list.</summary>
    private readonly IReadOnlyList<int> _files;
    private readonly OutgoingTransfer _transfer;
    private readonly bool?[] _stored;
    private readonly string?[] _hashes;
    private readonly PresentBlocks _present;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _acknowledged;
    private int _confirmed;
    private TransferException? _ended;
    private HashSet<int>? _accepted;
    private volatile bool _isDone;

    /// <summary>The channel was closed without a reason.</summary>
    private volatile bool _isClosedEarly;

    /// <param name="id">The transfer's id.</param>
    /// <param name="peer">The receiver.</param>
    /// <param name="source">What is sent.</param>
    /// <param name="files">Which of its files, as indices.</param>
    /// <param name="transfer">The transfer that it is part of.</param>
    /// <param name="rate">Shared with other receivers.</param>
    /// <param name="time">The clock of its limits.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public FileSender(string id, Peer peer, SourceReader source, IReadOnlyList<int> files, OutgoingTransfer transfer, RateLimit rate, TimeProvider time, CancellationToken cancellationToken)
    {
        Id = id;
        _peer = peer;
        _source = source;
        _files = files;
        _transfer = transfer;
        _rate = rate;
        _time = time;
        _stored = new bool?[files.Count];
        _hashes = new string?[files.Count];
        _present = new PresentBlocks([.. files.Select(f => source.Files[f].Length)]);
        _cancellationToken = cancellationToken;
    }

    public string Id { get; }

    public Peer Peer => _peer;

    /// <summary>Whether it rests.</summary>
    public PauseGate Pause { get; } = new();

    /// <summary>It ended because the connection did: what the receiver has verified by then it keeps.</summary>
    public bool IsConnectionLost { get; private set; }

    /// <summary>Why it ended before its end; null when it did not.</summary>
    public TransferException? Failure { get; private set; }

    /// <summary>The files that the receiver has not confirmed and may still want, as places in the list.</summary>
    public IReadOnlyList<int> Rest => [.. Enumerable.Range(0, _files.Count).Where(i => _stored[i] is null && _accepted?.Contains(i) != false)];

    /// <summary>The peer has taken the offer, or part of it.</summary>
    public void HandleAccept(AcceptMessage accept) => _answer.TrySetResult(accept);

    /// <summary>The peer does not want it, or gives it up, or this side does.</summary>
    public void HandleEnd(string reason, EGoatTransferState state)
    {
        var ended = new TransferException(reason, state);
        _ended ??= ended;
        _answer.TrySetException(ended);
        _stop.Cancel();
    }

    /// <summary>This side gives it up.</summary>
    public void Cancel()
    {
        const string reason = "It was cancelled.";
        _peer.Send(new CancelMessage(Id, reason));
        HandleEnd(reason, EGoatTransferState.Cancelled);
    }

    /// <summary>Runs the transfer to its end; <c>EndAsync</c> follows.</summary>
    public async Task RunAsync()
    {
        RtcDataChannel? channel = null;
        Task reading = Task.CompletedTask;
        using CancellationTokenRegistration registration = _cancellationToken.Register(_stop.Cancel);
        using SourceReader.Cursor cursor = _source.CreateCursor();
        try
        {
            channel = _peer.OpenChannel($"file:{Id}");
            reading = ReadAsync(channel);
            await OfferAsync(channel).ConfigureAwait(false);
            AcceptMessage answer = await _answer.Task.WaitAsync(AnswerTimeout, _time, _stop.Token).ConfigureAwait(false);
            List<int> accepted = [.. (answer.Files ?? Enumerable.Range(0, _files.Count)).Where(i => i < _files.Count).Distinct().Order()];
            _accepted = [.. accepted];
            if (answer.Have)
            {
                await WaitAsync(() => _present.IsComplete, "The receiver did not say in time what it holds.").ConfigureAwait(false);
            }

            await SendFilesAsync(channel, cursor, accepted).ConfigureAwait(false);
            await WaitAsync(() => Volatile.Read(ref _confirmed) >= accepted.Count, "The receiver did not confirm the files in time.").ConfigureAwait(false);
            _isDone = true;
            channel.Close();
            await reading.ConfigureAwait(false);
        }
        catch (TransferException e)
        {
            Failure = e;
        }
        catch (OperationCanceledException)
        {
            Failure = _ended ?? new TransferException("It was cancelled.", EGoatTransferState.Cancelled);
        }
        catch (TimeoutException)
        {
            Failure = new TransferException("The receiver did not answer the offer.");
        }
        catch (RtcException e)
        {
            // Why the receiver has closed the channel the reader learns, if there is a reason.
            await reading.ConfigureAwait(false);
            Failure = _ended ?? new TransferException($"The connection to the receiver was lost. {e.Message}");
            IsConnectionLost = _ended is null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Failure = _ended ?? TransferException.From(e);
        }

        _isDone = true;
        if (Failure is not null)
        {
            // First the reason, then the end of the channel.
            if (_ended is null)
            {
                _peer.Send(new CancelMessage(Id, Failure.Message));
            }

            channel?.Close();
        }

        IsConnectionLost |= _isClosedEarly && Failure == _ended;
    }

    /// <summary>Reports the outcome of files, as places in the list.</summary>
    public async Task EndAsync(IEnumerable<int> files)
    {
        foreach (int file in files)
        {
            await EndAsync(file).ConfigureAwait(false);
        }
    }

    private ValueTask EndAsync(int file) => (_stored[file], Failure) switch
    {
        (true, _) => _transfer.EndAsync(_files[file], EGoatTransferState.Completed, null, _hashes[file]),
        (false, _) => _transfer.EndAsync(_files[file], EGoatTransferState.Failed, "The receiver could not store the file."),
        _ when _accepted?.Contains(file) == false => _transfer.EndAsync(_files[file], EGoatTransferState.Rejected, "The receiver did not want this file."),
        (_, { } failure) => _transfer.EndAsync(_files[file], failure.State, failure.Message),
        _ => _transfer.EndAsync(_files[file], EGoatTransferState.Failed, null),
    };

    private async Task OfferAsync(RtcDataChannel channel)
    {
        SourceFile[] files = [.. _files.Select(f => _source.Files[f])];
        long total = files.Any(f => f.Length < 0) ? -1 : files.Sum(f => f.Length);
        _peer.Send(new TransferMessage(Id, files.Length, total, files[0].Name));
        var entries = files.Select((f, i) => new ManifestEntry(i, f.Name, f.Length, f.ModifiedAt, f.Mode, f.IsFolder)).ToList();
        foreach (byte[] page in Manifest.WritePages(entries))
        {
            await SendAsync(channel, page).ConfigureAwait(false);
        }
    }

    private async Task SendFilesAsync(RtcDataChannel channel, SourceReader.Cursor cursor, List<int> accepted)
    {
        long sent = 0;
        byte[] frame = ArrayPool<byte>.Shared.Rent(FileFrame.MaxLength);
        try
        {
            for (int i = 0; i < accepted.Count; i++)
            {
                int begun = i;
                await WaitAsync(() => begun - Volatile.Read(ref _confirmed) < MaxUnconfirmed, "The receiver has confirmed no file for 60 seconds.").ConfigureAwait(false);
                sent = await SendFileAsync(channel, cursor, accepted[i], sent, frame).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    // The next block is read and hashed while the present one is sent.
    private async Task<long> SendFileAsync(RtcDataChannel channel, SourceReader.Cursor cursor, int index, long sent, byte[] frame)
    {
        SourceFile file = _source.Files[_files[index]];
        var blockHashes = new ArrayBufferWriter<byte>();
        long length = 0;
        long blocks = file.Length < 0 ? long.MaxValue : TreeHash.BlockCount(file.Length);
        Task<SourceBlock>? next = blocks > 0 ? TakeAsync(cursor, index, 0) : null;
        try
        {
            for (long block = 0; block < blocks; block++)
            {
                SourceBlock present = await next!.ConfigureAwait(false);
                next = null;
                try
                {
                    bool isLast = block + 1 == blocks || present.Length < TreeHash.BlockSize;
                    next = isLast ? null : TakeAsync(cursor, index, block + 1);
                    if (present.Length > 0)
                    {
                        blockHashes.Write(present.Hash);
                        sent = await SendBlockAsync(channel, index, block, present, sent, frame).ConfigureAwait(false);
                        length += present.Length;
                    }

                    if (isLast)
                    {
                        break;
                    }
                }
                finally
                {
                    present.Release();
                }
            }
        }
        finally
        {
            _ = ReleaseAsync(next);
        }

        if (file.Length > 0 && !cursor.IsUnchanged(_files[index]))
        {
            throw new TransferException($"The file '{VisibleText.Line(file.Name)}' changed while it was sent; send it again: only what is new travels.");
        }

        byte[] fileHash = TreeHash.Combine(length, blockHashes.WrittenSpan);
        _hashes[index] = TreeHash.Format(fileHash);
        FileFrame.WriteEnd(frame, index, length, fileHash);
        await SendAsync(channel, frame.AsMemory(0, FileFrame.EndFrameLength)).ConfigureAwait(false);
        return sent;
    }

    private async Task<SourceBlock> TakeAsync(SourceReader.Cursor cursor, int index, long block)
    {
        SourceBlock taken = await cursor.TakeAsync(_files[index], block, _stop.Token).ConfigureAwait(false);
        try
        {
            await taken.Loading.ConfigureAwait(false);
            return taken;
        }
        catch
        {
            taken.Release();
            throw;
        }
    }

    // A block that was read ahead and is not sent.
    private static async Task ReleaseAsync(Task<SourceBlock>? taking)
    {
        if (taking is not null)
        {
            await ((Task)taking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (taking.IsCompletedSuccessfully)
            {
                (await taking.ConfigureAwait(false)).Release();
            }
        }
    }

    private async Task<long> SendBlockAsync(RtcDataChannel channel, int index, long block, SourceBlock content, long sent, byte[] frame)
    {
        if (_present.Holds(index, block, content.Hash))
        {
            _transfer.Count(_files[index], 0, content.Length);
        }
        else
        {
            await Pause.WaitAsync(_stop.Token).ConfigureAwait(false);
            await _rate.WaitAsync(content.Length, _stop.Token).ConfigureAwait(false);
            await WaitAsync(() => sent + content.Length - Volatile.Read(ref _acknowledged) <= MaxUnacknowledged, "The receiver has acknowledged nothing for 60 seconds.").ConfigureAwait(false);
            await SendContentAsync(channel, index, block, content, frame).ConfigureAwait(false);
            sent += content.Length;
        }

        FileFrame.WriteHash(frame, index, (int)block, content.Length, content.Hash);
        await SendAsync(channel, frame.AsMemory(0, FileFrame.HashFrameLength)).ConfigureAwait(false);
        return sent;
    }

    // The channel borrows the content: it is copied only into the packets that carry it.
    private async Task SendContentAsync(RtcDataChannel channel, int index, long block, SourceBlock content, byte[] frame)
    {
        int maxPayload = _peer.MaxFrameLength - FileFrame.DataHeaderLength;
        for (int offset = 0; offset < content.Length; offset += maxPayload)
        {
            int length = Math.Min(maxPayload, content.Length - offset);
            FileFrame.WriteDataHeader(frame, index, (block * TreeHash.BlockSize) + offset);
            content.AddReference();
            await WaitForRoomAsync(channel.SendAsync(frame.AsMemory(0, FileFrame.DataHeaderLength), content.Content.Slice(offset, length), content, _stop.Token)).ConfigureAwait(false);
            _transfer.Count(_files[index], length, 0);
        }
    }

    private ValueTask SendAsync(RtcDataChannel channel, ReadOnlyMemory<byte> frame) => WaitForRoomAsync(channel.SendAsync(frame, isText: false, _stop.Token));

    // A receiver that reads nothing leaves no room in the channel.
    private ValueTask WaitForRoomAsync(ValueTask sending) => sending.IsCompletedSuccessfully ? sending : new ValueTask(WaitForRoomAsync(sending.AsTask()));

    private async Task WaitForRoomAsync(Task sending)
    {
        while (!await IsInTimeAsync(sending, CancellationToken.None).ConfigureAwait(false))
        {
            if (!Pause.IsPaused)
            {
                // The frame is still in use until sending has ended.
                await _stop.CancelAsync().ConfigureAwait(false);
                await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new TransferException("The receiver has taken nothing for 60 seconds.");
            }

            await Task.WhenAny(sending, Pause.WaitAsync(_stop.Token).AsTask()).ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(RtcDataChannel channel)
    {
        try
        {
            while (await channel.ReceiveAsync(CancellationToken.None).ConfigureAwait(false) is { } message)
            {
                using (message)
                {
                    if (message.IsText || !HandleFrame(message.Data.Span, out int stored))
                    {
                        HandleEnd("The receiver broke the transfer protocol.", EGoatTransferState.Failed);
                        break;
                    }

                    if (stored >= 0)
                    {
                        await EndAsync(stored).ConfigureAwait(false);
                    }
                }
            }

            await channel.DiscardAsync().ConfigureAwait(false);
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

    // False when the frame is out of place.
    private bool HandleFrame(ReadOnlySpan<byte> bytes, out int stored)
    {
        stored = -1;
        if (!FileFrame.TryParse(bytes, out FileFrame frame))
        {
            return false;
        }

        switch (frame.Type)
        {
            case FileFrameType.Ack when frame.Value >= _acknowledged:
                Volatile.Write(ref _acknowledged, frame.Value);
                break;
            case FileFrameType.Have when _present.TryAdd(frame):
                break;
            case FileFrameType.Stored when frame.File < _files.Count && _stored[frame.File] is null:
                stored = (int)frame.File;
                _stored[stored] = frame.Flags == 0;
                Interlocked.Increment(ref _confirmed);
                break;
            default:
                return false;
        }

        Changed();
        return true;
    }

    private void Changed() => Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    // The time limit runs from the last change, not from the beginning, and not during a pause.
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

            if (await IsInTimeAsync(changed, _stop.Token).ConfigureAwait(false))
            {
                continue;
            }

            if (!Pause.IsPaused)
            {
                throw new TransferException(onTimeout);
            }

            await Pause.WaitAsync(_stop.Token).ConfigureAwait(false);
        }
    }

    // Whether something ended, well or not, within the longest time without progress.
    private async Task<bool> IsInTimeAsync(Task task, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(ProgressTimeout, _time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
