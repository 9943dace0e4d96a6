namespace EGoat.Benchmarks.Links;

/// <summary>One way for messages between two ends; what they hold does not matter here. One sender and one reader at a time.</summary>
internal abstract class Link
{
    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>The number of bytes that came; 0 at the end.</summary>
    public abstract ValueTask<int> ReceiveAsync(CancellationToken cancellationToken);

    /// <summary>Reads until so many bytes have come.</summary>
    /// <exception cref="IOException">The other end is gone.</exception>
    public async Task ReceiveAllAsync(long bytes, CancellationToken cancellationToken)
    {
        for (long received = 0; received < bytes;)
        {
            int length = await ReceiveAsync(cancellationToken);
            received += length > 0 ? length : throw new IOException("The other end is gone.");
        }
    }
}
