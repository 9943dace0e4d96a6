using System.Buffers;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// A block of a source and its hash, shared by those that send it and lent to the messages that it goes into; the last one to release it
/// frees its memory.
/// </summary>
internal sealed class SourceBlock(byte[] buffer) : IDisposable
{
    private int _references = 1;

    /// <summary>Completes when the content is here; fails when it cannot be read.</summary>
    public Task Loading { get; set; } = Task.CompletedTask;

    /// <summary>The length in bytes, once loaded; shorter than a block only at the end of the source.</summary>
    public int Length { get; set; }

    /// <summary>The block hash, once loaded.</summary>
    public byte[] Hash { get; } = new byte[TreeHash.HashLength];

    /// <summary>The content, once loaded.</summary>
    public ReadOnlyMemory<byte> Content => buffer.AsMemory(0, Length);

    /// <summary>Where the content is read into.</summary>
    public byte[] Buffer => buffer;

    public void AddReference() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // The end of a message that it was lent to.
    void IDisposable.Dispose() => Release();
}
