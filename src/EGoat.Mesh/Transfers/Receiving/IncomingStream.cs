using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>Content that goes to a stream.</summary>
internal sealed class IncomingStream(ManifestEntry entry, Stream output) : IncomingContent(entry)
{
    /// <inheritdoc/>
    public override string Complete()
    {
        output.Flush();
        return "";
    }

    /// <inheritdoc/>
    protected override void Store(uint block, ReadOnlySpan<byte> content) => output.Write(content);

    /// <inheritdoc/>
    protected override bool TryTakeHeld(uint block, ReadOnlySpan<byte> hash) => false;
}
