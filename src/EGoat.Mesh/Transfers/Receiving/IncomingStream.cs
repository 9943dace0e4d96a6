using System.Buffers;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>Content that goes to a stream, block by block, each when its hash is right.</summary>
internal sealed class IncomingStream(ManifestEntry entry, Stream output) : IncomingContent(entry)
{
    private readonly byte[] _block = ArrayPool<byte>.Shared.Rent(TreeHash.BlockSize);
    private int _length;

    /// <inheritdoc/>
    public override string Complete()
    {
        output.Flush();
        return "";
    }

    /// <inheritdoc/>
    protected override void WriteContent(ReadOnlySpan<byte> content)
    {
        content.CopyTo(_block.AsSpan(_length));
        _length += content.Length;
    }

    /// <inheritdoc/>
    protected override void EndReceivedBlock(uint block)
    {
        output.Write(_block, 0, _length);
        _length = 0;
    }

    /// <inheritdoc/>
    protected override bool TryTakeHeld(uint block, ReadOnlySpan<byte> hash) => false;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            ArrayPool<byte>.Shared.Return(_block);
        }
    }
}
