using System.Buffers;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>The hashes of the blocks that a receiver says it holds (HAVE, docs/protocol.md §4).</summary>
/// <param name="lengths">The lengths of the transfer's files in bytes.</param>
internal sealed class PresentBlocks(IReadOnlyList<long> lengths)
{
    private readonly Dictionary<int, ArrayBufferWriter<byte>> _hashes = [];
    private volatile bool _isComplete;

    /// <summary>Whether the last page has come.</summary>
    public bool IsComplete => _isComplete;

    /// <summary>Takes a page; false when it is out of place or tells more blocks than the file has.</summary>
    public bool TryAdd(in FileFrame page)
    {
        if (_isComplete || page.File >= lengths.Count)
        {
            return false;
        }

        if (!page.Payload.IsEmpty)
        {
            if (!_hashes.TryGetValue((int)page.File, out ArrayBufferWriter<byte>? hashes))
            {
                hashes = _hashes[(int)page.File] = new ArrayBufferWriter<byte>(page.Payload.Length);
            }

            if (page.Block != hashes.WrittenCount / TreeHash.HashLength ||
                (hashes.WrittenCount + page.Payload.Length) / TreeHash.HashLength > TreeHash.BlockCount(lengths[(int)page.File]))
            {
                return false;
            }

            hashes.Write(page.Payload);
        }

        _isComplete = (page.Flags & FileFrame.LastPage) != 0;
        return true;
    }

    /// <summary>Whether the receiver holds a block of this hash at this place.</summary>
    public bool Holds(int file, long block, ReadOnlySpan<byte> hash)
    {
        long at = block * TreeHash.HashLength;
        return _hashes.TryGetValue(file, out ArrayBufferWriter<byte>? hashes) && at + TreeHash.HashLength <= hashes.WrittenCount &&
            hashes.WrittenSpan.Slice((int)at, TreeHash.HashLength).SequenceEqual(hash);
    }
}
