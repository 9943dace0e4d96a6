using System.Buffers;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>The content of a file that is being received, block by block: each is stored when its hash is right, and not before.</summary>
internal abstract class IncomingContent(ManifestEntry entry) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _blockHashes = new();

    /// <summary>The block under way; rented with its first content, since most files of a repeated transfer get none.</summary>
    private byte[]? _block;

    public ManifestEntry Entry => entry;

    /// <summary>Content bytes so far, received or held.</summary>
    public long Offset { get; private set; }

    public bool IsAtBlockBoundary => Offset == BlockStart;

    /// <summary>How much may follow before the block's hash must.</summary>
    public long RoomInBlock => Math.Min(BlockStart + TreeHash.BlockSize, entry.Length < 0 ? long.MaxValue : entry.Length) - Offset;

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

    /// <summary>Ends a block: received content, or, when there is none, a block that this side holds. False when the frame is out of place.</summary>
    /// <param name="block">The index that the sender tells.</param>
    /// <param name="length">The length that the sender tells.</param>
    /// <param name="hash">The hash that the sender tells.</param>
    /// <param name="isHeld">Whether nothing of the block had to travel.</param>
    /// <exception cref="TransferException">What was received is damaged, or what was held has changed.</exception>
    public bool TryEndBlock(uint block, uint length, ReadOnlySpan<byte> hash, out bool isHeld)
    {
        isHeld = Offset == BlockStart;
        if (block != BlockStart / TreeHash.BlockSize)
        {
            return false;
        }

        if (isHeld)
        {
            if (entry.Length < 0 || block >= TreeHash.BlockCount(entry.Length) || length != TreeHash.BlockLength(entry.Length, block) || !TryTakeHeld(block, hash))
            {
                return false;
            }

            Offset += length;
        }
        else
        {
            ReadOnlySpan<byte> content = _block.AsSpan(0, (int)(Offset - BlockStart));
            Span<byte> actual = stackalloc byte[TreeHash.HashLength];
            TreeHash.HashBlock(content, actual);
            if (length != content.Length || !hash.SequenceEqual(actual))
            {
                throw new TransferException($"A block of {VisibleText.Quote(entry.Path)} arrived damaged.");
            }

            Store(block, content);
            ReturnBlock();
        }

        _blockHashes.Write(hash);
        BlockStart = Offset;
        return true;
    }

    /// <summary>The file hash of everything so far.</summary>
    public byte[] GetFileHash() => TreeHash.Combine(Offset, _blockHashes.WrittenSpan);

    /// <summary>Everything is verified: puts it in place, durably; returns its full path.</summary>
    public abstract string Complete();

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
    protected abstract void Store(uint block, ReadOnlySpan<byte> content);

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

    private void ReturnBlock()
    {
        if (_block is not null)
        {
            ArrayPool<byte>.Shared.Return(_block);
            _block = null;
        }
    }
}
