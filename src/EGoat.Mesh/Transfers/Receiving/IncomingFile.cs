using System.Buffers;
using EGoat.Mesh.Protocol;
using Microsoft.Win32.SafeHandles;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// A file that is being received: its blocks come from the sender, or are those that this side holds already, in the
/// partial file of an earlier run or in the file that is there under the name.
/// </summary>
/// <remarks>Nothing that lies on disk is believed: it is hashed, and a block counts when its hash is the one that the sender tells.</remarks>
internal sealed class IncomingFile(ManifestEntry entry, IncomingPath path, string senderIdentity, ReceiveOptions options) : IncomingContent(entry)
{
    /// <summary>The hashes of the blocks that this side holds, in order.</summary>
    private readonly ArrayBufferWriter<byte> _present = new();
    private PartialFile? _partial;
    private ReceiveFolder? _folder;

    /// <summary>The file under the name, if it serves in place of a partial file.</summary>
    private SafeFileHandle? _presentFile;

    /// <summary>What is there was hashed and closed again: it may have changed since.</summary>
    private bool _isClosed;

    /// <summary>It has its name.</summary>
    private bool _isComplete;

    /// <summary>The first block that stands in the present file and not yet in the partial one.</summary>
    private long _firstUncopied;

    /// <summary>Opens what this side may hold of the file. False when there is nothing.</summary>
    public bool OpenPresent()
    {
        if (Entry.Length <= 0)
        {
            return false;
        }

        _folder ??= path.FindParent();
        if (_folder is null)
        {
            return false;
        }

        _partial = PartialFile.Open(_folder, Entry.SourceKey, senderIdentity, Entry.Length, create: false);
        if (_partial is { Length: > 0 })
        {
            return true;
        }

        // Under another rule than Overwrite only an identical file is of use: then it is there, and nothing has to be made.
        FileInfo info = _folder.Find(path.Name);
        if (info is not { Exists: true, LinkTarget: null, Length: > 0 } || !UnixFileType.IsRegular(info.FullName) || (options.Existing != ExistingFile.Overwrite && info.Length != Entry.Length))
        {
            return false;
        }

        _presentFile = _folder.OpenToRead(path.Name);
        return true;
    }

    /// <summary>Hashes the next block that this side holds. False when there is none.</summary>
    public bool TryHashPresent(byte[] buffer, Span<byte> hash)
    {
        long block = _present.WrittenCount / TreeHash.HashLength;
        if (block >= TreeHash.BlockCount(Entry.Length) || !TryReadPresent(block, buffer, out int length))
        {
            return false;
        }

        TreeHash.HashBlock(buffer.AsSpan(0, length), hash);
        _present.Write(hash);
        return true;
    }

    /// <summary>Opens again what was closed; false when it is open.</summary>
    public bool ReopenPresent()
    {
        if (_partial is not null || _presentFile is not null)
        {
            return false;
        }

        return OpenPresent() ? true : throw Changed();
    }

    /// <summary>Closes what is there until it is needed, for those that are many; it is hashed once more then.</summary>
    public void ClosePresent()
    {
        Close();
        _isClosed = true;
    }

    /// <inheritdoc/>
    public override async ValueTask<StoredFile> CompleteAsync(CancellationToken cancellationToken) => await Task.Run(Complete, CancellationToken.None).ConfigureAwait(false);

    /// <inheritdoc/>
    protected override void MakeRoom() => EnsurePartial();

    /// <inheritdoc/>
    protected override ValueTask StoreAsync(uint block, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        _partial!.Write(content.Span, BlockStart);
        _firstUncopied = block + 1;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    protected override bool TryTakeHeld(uint block, ReadOnlySpan<byte> hash)
    {
        if (!Holds(block, hash))
        {
            return false;
        }

        if (_isClosed)
        {
            ReopenPresent();
            VerifyPresent(block);
        }

        if (_presentFile is not null && _partial is not null)
        {
            CopyPresent(block);
            _firstUncopied = block + 1;
        }

        return true;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            if (Entry.Length < 0 && !_isComplete)
            {
                // What came through a pipe comes only once.
                _partial?.Delete();
            }

            Close();
        }
    }

    private StoredFile Complete()
    {
        bool isThere = _presentFile is not null
            ? _partial is null && RandomAccess.GetLength(_presentFile) == Entry.Length
            : Offset == 0 && (_folder ??= path.MakeParent()).Find(path.Name) is { Exists: true, LinkTarget: null, Length: 0 } there && UnixFileType.IsRegular(there.FullName);
        if (isThere)
        {
            return new StoredFile(path.Target); // identical
        }

        EnsurePartial();
        StoredFile stored = _partial!.Complete(path, Offset, Entry, options, PathRules.Current);
        _isComplete = true;
        return stored;
    }

    private void Close()
    {
        _partial?.Dispose();
        _presentFile?.Dispose();
        _folder?.Dispose();
        (_partial, _presentFile, _folder) = (null, null, null);
    }

    private bool Holds(uint block, ReadOnlySpan<byte> hash)
    {
        long at = block * (long)TreeHash.HashLength;
        return at + TreeHash.HashLength <= _present.WrittenCount && _present.WrittenSpan.Slice((int)at, TreeHash.HashLength).SequenceEqual(hash);
    }

    private LeftOutException Changed() => new($"The file {VisibleText.Quote(Entry.Path)} that was there changed meanwhile; send it again.");

    private bool TryReadPresent(long block, byte[] buffer, out int length)
    {
        length = TreeHash.BlockLength(Entry.Length, block);
        int filled = 0;
        while (filled < length)
        {
            Span<byte> rest = buffer.AsSpan(filled, length - filled);
            long offset = (block * TreeHash.BlockSize) + filled;
            int read = _presentFile is { } file ? RandomAccess.Read(file, rest, offset) : _partial!.Read(rest, offset);
            if (read == 0)
            {
                return false;
            }

            filled += read;
        }

        return true;
    }

    // What was skipped so far comes from the present file: now that there is something new, it is copied.
    private void EnsurePartial()
    {
        if (_partial is not null)
        {
            return;
        }

        if (_isClosed)
        {
            ReopenPresent();
            if (_partial is not null)
            {
                return;
            }
        }

        _folder ??= path.MakeParent();
        _partial = PartialFile.Open(_folder, Entry.SourceKey, senderIdentity, Math.Max(0, Entry.Length), create: true);
        for (long block = _firstUncopied; _presentFile is not null && block * TreeHash.BlockSize < BlockStart; block++)
        {
            CopyPresent(block);
        }
    }

    private void VerifyPresent(long block) => UsePresent(block, (_, _) => { });

    // Hashed once more: the file under the name is not locked.
    private void CopyPresent(long block) => UsePresent(block, (content, offset) => _partial!.Write(content, offset));

    private void UsePresent(long block, WriteBlock use)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(TreeHash.BlockSize);
        try
        {
            if (!TryReadPresent(block, buffer, out int length) || !Holds((uint)block, TreeHash.HashBlock(buffer.AsSpan(0, length))))
            {
                throw Changed();
            }

            use(buffer.AsSpan(0, length), block * TreeHash.BlockSize);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private delegate void WriteBlock(ReadOnlySpan<byte> content, long offset);
}
