using System.Buffers;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// Sends the content of files over a channel, one after another, block after block, and never more than 16 MiB that the receiver has
/// not written and verified. Indices are those of the attempt.
/// </summary>
internal sealed class ContentSender : IDisposable
{
    /// <summary>Content that may be on its way unacknowledged.</summary>
    private const long MaxUnacknowledged = 16 * 1024 * 1024;

    private readonly TransferChannel _channel;
    private readonly SourceReader _source;
    private readonly IReadOnlyList<int> _files;
    private readonly SendProgress _progress;
    private readonly OutgoingTransfer _transfer;
    private readonly RateLimit _rate;
    private readonly BackgroundTasks _background;
    private readonly SourceReader.Cursor _cursor;
    private readonly byte[] _frame = ArrayPool<byte>.Shared.Rent(FileFrame.MaxLength);

    /// <param name="channel">Where it goes.</param>
    /// <param name="source">What is sent.</param>
    /// <param name="files">Which of its files the attempt is about, as indices of the source.</param>
    /// <param name="progress">What was sent, and what the receiver says of it.</param>
    /// <param name="transfer">The transfer that it is part of.</param>
    /// <param name="rate">Shared with other receivers.</param>
    /// <param name="background">Runs what nobody awaits.</param>
    public ContentSender(TransferChannel channel, SourceReader source, IReadOnlyList<int> files, SendProgress progress, OutgoingTransfer transfer, RateLimit rate, BackgroundTasks background)
    {
        (_channel, _source, _files, _progress, _transfer, _rate, _background) = (channel, source, files, progress, transfer, rate, background);
        _cursor = source.CreateCursor();
    }

    /// <summary>Sends a file to its end; its hash as text, or null when the receiver has given it up meanwhile.</summary>
    /// <exception cref="LeftOutException">It cannot be read, or is not what was offered.</exception>
    public async Task<string?> SendAsync(int index)
    {
        SourceFile file = _source.Files[_files[index]];
        var blockHashes = new ArrayBufferWriter<byte>();
        long? length = await SendBlocksAsync(index, file, blockHashes).ConfigureAwait(false);
        if (length is null)
        {
            return null;
        }

        if (!file.IsFolder && file.Length >= 0)
        {
            await UseSourceAsync(file, () => new ValueTask<bool>(_cursor.IsUnchanged(_files[index]) ? true : throw SourceReader.ChangedMeanwhile(file))).ConfigureAwait(false);
        }

        byte[] fileHash = TreeHash.Combine(length.Value, blockHashes.WrittenSpan);
        FileFrame.WriteEnd(_frame, index, length.Value, fileHash);
        _progress.NoteEnd(index);
        await _channel.SendAsync(_frame.AsMemory(0, FileFrame.EndFrameLength)).ConfigureAwait(false);
        return TreeHash.Format(fileHash);
    }

    public void Dispose()
    {
        _cursor.Dispose();
        ArrayPool<byte>.Shared.Return(_frame);
    }

    // The length of what was sent; null when the receiver does not want the rest. The next block is read and hashed while the
    // present one is sent.
    private async Task<long?> SendBlocksAsync(int index, SourceFile file, ArrayBufferWriter<byte> blockHashes)
    {
        long length = 0;
        long blocks = file.Length < 0 ? long.MaxValue : TreeHash.BlockCount(file.Length);
        Task<SourceBlock>? next = blocks > 0 ? TakeAsync(index, 0) : null;
        try
        {
            for (long block = 0; block < blocks; block++)
            {
                SourceBlock present = await UseSourceAsync(file, () => new ValueTask<SourceBlock>(next!)).ConfigureAwait(false);
                next = null;
                try
                {
                    bool isLast = block + 1 == blocks || present.Length < TreeHash.BlockSize;
                    next = isLast ? null : TakeAsync(index, block + 1);
                    if (_progress.GetOutcome(index) is not null)
                    {
                        return null;
                    }

                    if (present.Length > 0)
                    {
                        blockHashes.Write(present.Hash);
                        await SendBlockAsync(index, block, present).ConfigureAwait(false);
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
            if (next is { } ahead)
            {
                _background.Run(() => ReleaseAsync(ahead));
            }
        }

        return length;
    }

    private async Task<SourceBlock> TakeAsync(int index, long block)
    {
        SourceBlock taken = await _cursor.TakeAsync(_files[index], block, _channel.Stopped).ConfigureAwait(false);
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

    // What goes wrong with the source is the matter of one file.
    private async ValueTask<T> UseSourceAsync<T>(SourceFile file, Func<ValueTask<T>> use)
    {
        try
        {
            ValueTask<T> pending = use();
            if (pending.IsCompleted)
            {
                return await pending.ConfigureAwait(false);
            }

            using (_channel.Work())
            {
                return await pending.ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is TransferException || LeftOutException.IsFault(e))
        {
            throw new LeftOutException(Explain(file, e));
        }
    }

    // The receiver is told too, and no more of the path than it knows.
    private static string Explain(SourceFile file, Exception e)
    {
        string name = $"The file '{VisibleText.Line(file.Name)}'";
        return e switch
        {
            TransferException => e.Message,
            FileNotFoundException or DirectoryNotFoundException => $"{name} is not there any more.",
            UnauthorizedAccessException => $"{name} cannot be read: access is denied.",
            _ => $"{name} cannot be read: {VisibleText.Line(file.Path.Length > 0 ? e.Message.Replace(file.Path, file.Name, StringComparison.Ordinal) : e.Message)}",
        };
    }

    // A block that was read ahead and is not sent.
    private static async Task ReleaseAsync(Task<SourceBlock> taking)
    {
        await ((Task)taking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (taking.IsCompletedSuccessfully)
        {
            (await taking.ConfigureAwait(false)).Release();
        }
    }

    private async Task SendBlockAsync(int index, long block, SourceBlock content)
    {
        if (_progress.Present.Holds(index, block, content.Hash))
        {
            _transfer.Count(_files[index], 0, content.Length);
        }
        else
        {
            await _transfer.Pause.WaitAsync(_channel.Stopped).ConfigureAwait(false);
            using (_channel.Work())
            {
                await _rate.WaitAsync(content.Length, _channel.Stopped).ConfigureAwait(false);
            }

            await _channel.WaitAsync(
                () => _progress.Unacknowledged + content.Length <= MaxUnacknowledged,
                static limit => $"The receiver has acknowledged nothing for {limit.TotalSeconds:0} seconds.").ConfigureAwait(false);
            await SendContentAsync(index, block, content).ConfigureAwait(false);
        }

        FileFrame.WriteHash(_frame, index, (int)block, content.Length, content.Hash);
        await _channel.SendAsync(_frame.AsMemory(0, FileFrame.HashFrameLength)).ConfigureAwait(false);
    }

    // The channel borrows the content: it is copied only into the packets that carry it. It counts as sent before it is, so that no
    // acknowledgement comes too early.
    private async Task SendContentAsync(int index, long block, SourceBlock content)
    {
        _progress.NoteSent(content.Length);
        for (int offset = 0; offset < content.Length; offset += _channel.MaxPayload)
        {
            int length = Math.Min(_channel.MaxPayload, content.Length - offset);
            FileFrame.WriteDataHeader(_frame, index, (block * TreeHash.BlockSize) + offset);
            content.AddReference();
            await _channel.SendAsync(_frame.AsMemory(0, FileFrame.DataHeaderLength), content.Content.Slice(offset, length), content).ConfigureAwait(false);
            _transfer.Count(_files[index], length, 0);
        }
    }
}
