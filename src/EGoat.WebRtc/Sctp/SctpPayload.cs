namespace EGoat.WebRtc.Sctp;

/// <summary>The bytes of a message to be sent: some are copied when it is queued, the rest is lent to the association.</summary>
/// <param name="Head">Its beginning, copied.</param>
/// <param name="Body">What follows; it stays as it is until <paramref name="Lease"/> is disposed of.</param>
/// <param name="Lease">
/// Disposed of when the peer has acknowledged the message or it was given up. With the end of the association it may be left to the
/// garbage collector.
/// </param>
public readonly ref struct SctpPayload(ReadOnlySpan<byte> Head, ReadOnlyMemory<byte> Body, IDisposable? Lease)
{
    /// <summary>Its beginning, copied.</summary>
    public ReadOnlySpan<byte> Head { get; } = Head;

    /// <summary>What follows, not copied.</summary>
    public ReadOnlyMemory<byte> Body { get; } = Body;

    /// <summary>Until when <see cref="Body"/> is lent; null when there is none.</summary>
    public IDisposable? Lease { get; } = Lease;

    /// <summary>Bytes of the message.</summary>
    public int Length => Head.Length + Body.Length;

    /// <summary>Bytes that are all copied.</summary>
    public static implicit operator SctpPayload(ReadOnlySpan<byte> bytes) => new(bytes, default, null);

    /// <summary>Bytes that are all copied.</summary>
    public static implicit operator SctpPayload(byte[] bytes) => new(bytes, default, null);
}
