using System.Buffers;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>The content of a file that is being received, block by block: each is stored when its hash is right, and not before.</summary>
internal abstract class IncomingContent(ManifestEntry entry) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _blockHashes = new();

    /// <summary>The block under way; rented with its first content, since most files of a repeated transfer get none.</summary>
    private byte[]? _block;

    /// <summary>A block shorter than others has come: it is the last one of a file of unknown length.</summary>
    private bool _isAtEnd;

    public ManifestEntry Entry => entry;

    /// <summary>Content bytes so far, received or held.</summary>
    public long Offset { get; private set; }

    public bool IsAtBlockBoundary => Offset == BlockStart;

    /// <summary>How much may follow before the block's hash must.</summary>
    public long RoomInBlock => _isAtEnd ? 0 : Math.Min(BlockStart + TreeHash.BlockSize, entry.Length < 0 ? long.MaxValue : entry.Length) - Offset;

    /// <summary>Where the block under way begins.</summary>
    protected long BlockStart { get; private set; }

    /// <summary>Takes content at <see cref="Offset"/>.</summary>
    public void Write(ReadOnlySpan<byte> content)
    {
        if (_block is null)
        {
            MakeRoom();
            _block = ArrayPool<byte>.Shared.Rent((int)RoomInBlock);
        }

        content.CopyTo(_block.AsSpan((int)(Offset - BlockStart)));
        Offset += content.Length;
    }

    /// <summary>Ends a block that was received. False when the frame is out of place.</summary>
    /// <param name="block">The index that the sender tells.</param>
    /// <param name="length">The length that the sender tells.</param>
    /// <param name="hash">The hash that the sender tells.</param>
    /// <param name="cancellationToken">Gives up storing it.</param>
    /// <exception cref="TransferException">What was received is damaged.</exception>
    public async ValueTask<bool> TryEndBlockAsync(uint block, uint length, ReadOnlyMemory<byte> hash, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> content = _block.AsMemory(0, (int)(Offset - BlockStart));
        bool isWhole = entry.Length < 0 ? content.Length <= TreeHash.BlockSize : content.Length == TreeHash.BlockLength(entry.Length, block);
        if (block != BlockStart / TreeHash.BlockSize || length != content.Length || !isWhole)
        {
            return false;
        }

        if (!IsHash(content.Span, hash.Span))
        {
            throw new TransferException($"A block of {VisibleText.Quote(entry.Path)} arrived damaged.");
        }

        await StoreAsync(block, content, cancellationToken).ConfigureAwait(false);
        ReturnBlock();
        _isAtEnd = content.Length < TreeHash.BlockSize;
        Append(hash.Span);
        return true;
    }

    /// <summary>Ends a block that did not travel, since this side holds it. False when it does not, or the frame is out of place.</summary>
    /// <param name="block">The index that the sender tells.</param>
    /// <param name="length">The length that the sender tells.</param>
    /// <param name="hash">The hash that the sender tells.</param>
    /// <exception cref="LeftOutException">What was held has changed.</exception>
    public bool TryEndHeldBlock(uint block, uint length, ReadOnlySpan<byte> hash)
    {
        if (entry.Length < 0 || block != BlockStart / TreeHash.BlockSize || block >= TreeHash.BlockCount(entry.Length) ||
            length != TreeHash.BlockLength(entry.Length, block) || !TryTakeHeld(block, hash))
        {
            return false;
        }

        Offset += length;
        Append(hash);
        return true;
    }

    /// <summary>The file hash of everything so far.</summary>
    public byte[] GetFileHash() => TreeHash.Combine(Offset, _blockHashes.WrittenSpan);

    /// <summary>Everything is verified: puts it in place, durably.</summary>
    /// <exception cref="LeftOutException">The file cannot be kept under its name.</exception>
    public abstract ValueTask<StoredFile> CompleteAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A block begins to be received: what can be known to fail fails now rather than at its end.</summary>
    protected virtual void MakeRoom()
    {
    }

    /// <summary>Stores a block that was received and is verified.</summary>
    protected abstract ValueTask StoreAsync(uint block, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Takes a block that did not travel; false when this side does not hold it.</summary>
    protected abstract bool TryTakeHeld(uint block, ReadOnlySpan<byte> hash);

    /// <summary>Frees what it holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            ReturnBlock();
        }
    }

    private static bool IsHash(ReadOnlySpan<byte> content, ReadOnlySpan<byte> hash)
    {
        Span<byte> actual = stackalloc byte[TreeHash.HashLength];
        TreeHash.HashBlock(content, actual);
        return hash.SequenceEqual(actual);
    }

    private void Append(ReadOnlySpan<byte> hash)
    {
        _blockHashes.Write(hash);
        BlockStart = Offset;
    }

    private void ReturnBlock()
    {
        if (_block is not null)
        {
            ArrayPool<byte>.Shared.Return(_block);
            _block = null;
        }
    }
}
