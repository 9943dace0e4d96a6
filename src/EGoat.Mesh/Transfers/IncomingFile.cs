using System.Buffers;
using System.Security.Cryptography;
using EGoat.Mesh.Protocol;
using Microsoft.Win32.SafeHandles;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// A file that is being received: its blocks come from the sender, or are those that this side holds already, in the
/// partial file of an earlier run or in the file that is there under the name.
/// </summary>
/// <remarks>Nothing that lies on disk is believed: it is hashed, and a block counts when its hash is the one that the sender tells.</remarks>
internal sealed class IncomingFile(ManifestEntry entry, string target, string senderIdentity, ExistingFile existing) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _blockHashes = new();
    private readonly IncrementalHash _blockHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The hashes of the blocks that this side holds, in order.</summary>
    private readonly ArrayBufferWriter<byte> _present = new();
    private PartialFile? _partial;

    /// <summary>The file under the name, if it serves in place of a partial file.</summary>
    private SafeFileHandle? _presentFile;

    /// <summary>The first block that stands in the present file and not yet in the partial one.</summary>
    private long _firstUncopied;

    public ManifestEntry Entry => entry;

    /// <summary>Content bytes so far, received or held.</summary>
    public long Offset { get; private set; }

    private long BlockStart { get; set; }

    public bool IsAtBlockBoundary => Offset == BlockStart;

    /// <summary>How much may follow before the block's hash must.</summary>
    public long RoomInBlock => Math.Min(BlockStart + TreeHash.BlockSize, entry.Length < 0 ? long.MaxValue : entry.Length) - Offset;

    /// <summary>Opens what this side may hold of the file. False when there is nothing.</summary>
    public bool OpenPresent()
    {
        if (entry.Length <= 0)
        {
            return false;
        }

        _partial = PartialFile.Open(target, entry.Path, senderIdentity, entry.Length, create: false);
        if (_partial is { Length: > 0 })
        {
            return true;
        }

        // Under Rename only an identical file is of use: then it is there, and nothing has to be made.
        var info = new FileInfo(target);
        if (info is not { Exists: true, LinkTarget: null, Length: > 0 } || (existing != ExistingFile.Overwrite && info.Length != entry.Length))
        {
            return false;
        }

        _presentFile = File.OpenHandle(target, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.SequentialScan);
        return true;
    }

    /// <summary>Hashes the next block that this side holds. False when there is none.</summary>
    public bool TryHashPresent(byte[] buffer, Span<byte> hash)
    {
        long block = _present.WrittenCount / FileFrame.HashLength;
        if (block >= TreeHash.BlockCount(entry.Length) || !TryReadPresent(block, buffer, out int length))
        {
            return false;
        }

        SHA256.HashData(buffer.AsSpan(0, length), hash);
        _present.Write(hash);
        return true;
    }

    /// <summary>Takes content at <see cref="Offset"/>.</summary>
    public void Write(ReadOnlySpan<byte> content)
    {
        EnsurePartial();
        _partial!.Write(content, Offset);
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
            if (entry.Length < 0 || block >= TreeHash.BlockCount(entry.Length) || length != TreeHash.BlockLength(entry.Length, block) || !Holds(block, hash))
            {
                return false;
            }

            Offset += length;
            if (_presentFile is not null && _partial is not null)
            {
                CopyPresent(block);
                _firstUncopied = block + 1;
            }
        }
        else
        {
            Span<byte> actual = stackalloc byte[FileFrame.HashLength];
            _blockHash.GetHashAndReset(actual);
            if (length != Offset - BlockStart || !hash.SequenceEqual(actual))
            {
                throw new TransferException($"A block of {WirePath.Escape(entry.Path)} arrived damaged.");
            }

            _firstUncopied = block + 1;
        }

        _blockHashes.Write(hash);
        BlockStart = Offset;
        return true;
    }

    /// <summary>The file hash of everything so far.</summary>
    public byte[] GetFileHash() => TreeHash.Combine(Offset, _blockHashes.WrittenSpan);

    /// <summary>Puts the file in place; returns its full path.</summary>
    public string Complete()
    {
        if (_partial is null && _presentFile is not null && RandomAccess.GetLength(_presentFile) == entry.Length)
        {
            return target; // identical: it is there already
        }

        EnsurePartial();
        return _partial!.Complete(Offset, entry.ModifiedAt, existing);
    }

    public void Dispose()
    {
        _partial?.Dispose();
        _presentFile?.Dispose();
        _blockHash.Dispose();
    }

    private bool Holds(uint block, ReadOnlySpan<byte> hash)
    {
        long at = block * (long)FileFrame.HashLength;
        return at + FileFrame.HashLength <= _present.WrittenCount && _present.WrittenSpan.Slice((int)at, FileFrame.HashLength).SequenceEqual(hash);
    }

    private bool TryReadPresent(long block, byte[] buffer, out int length)
    {
        length = TreeHash.BlockLength(entry.Length, block);
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

        _partial = PartialFile.Open(target, entry.Path, senderIdentity, Math.Max(0, entry.Length), create: true);
        for (long block = _firstUncopied; _presentFile is not null && block * TreeHash.BlockSize < BlockStart; block++)
        {
            CopyPresent(block);
        }
    }

    private void CopyPresent(long block)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(TreeHash.BlockSize);
        try
        {
            // Hashed once more: the file under the name is not locked.
            if (!TryReadPresent(block, buffer, out int length) || !Holds((uint)block, SHA256.HashData(buffer.AsSpan(0, length))))
            {
                throw new TransferException($"The file {WirePath.Escape(entry.Path)} that was there changed meanwhile; send it again.");
            }

            _partial!.Write(buffer.AsSpan(0, length), block * TreeHash.BlockSize);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
