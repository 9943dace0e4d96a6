using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>Content that goes to a stream.</summary>
internal sealed class IncomingStream(ManifestEntry entry, Stream output) : IncomingContent(entry)
{
    /// <inheritdoc/>
    public override async ValueTask<StoredFile> CompleteAsync(CancellationToken cancellationToken)
    {
        await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        return new StoredFile("");
    }

    /// <inheritdoc/>
    protected override ValueTask StoreAsync(uint block, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => output.WriteAsync(content, cancellationToken);

    /// <inheritdoc/>
    protected override bool TryTakeHeld(uint block, ReadOnlySpan<byte> hash) => false;
}
