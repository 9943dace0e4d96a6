using System.Buffers;
using System.Security.Cryptography;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>The content of a file that is being received, block by block, each with its hash.</summary>
internal abstract class IncomingContent(ManifestEntry entry) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _blockHashes = new();

    /// <summary>Hashes the block under way; made with the first content, since most files of a repeated transfer get none.</summary>
    private IncrementalHash? _blockHash;

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
        WriteContent(content);
        _blockHash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _blockHash.AppendData(content);
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
            Span<byte> actual = stackalloc byte[FileFrame.HashLength];
            _blockHash!.GetHashAndReset(actual);
            if (length != Offset - BlockStart || !hash.SequenceEqual(actual))
            {
                throw new TransferException($"A block of {WirePath.Escape(entry.Path)} arrived damaged.");
            }

            EndReceivedBlock(block);
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

    /// <summary>Takes content of the block under way.</summary>
    protected abstract void WriteContent(ReadOnlySpan<byte> content);

    /// <summary>A received block is verified.</summary>
    protected abstract void EndReceivedBlock(uint block);

    /// <summary>Takes a block that did not travel; false when this side does not hold it.</summary>
    protected abstract bool TryTakeHeld(uint block, ReadOnlySpan<byte> hash);

    /// <summary>Frees what it holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _blockHash?.Dispose();
        }
    }
}
