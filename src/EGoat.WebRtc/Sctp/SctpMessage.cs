using System.Buffers;

namespace EGoat.WebRtc.Sctp;

/// <summary>A whole user message in a pooled buffer.</summary>
/// <param name="StreamId">The stream that it came on.</param>
/// <param name="PayloadProtocolId">What it holds (RFC 8831 section 8).</param>
/// <param name="Buffer">Its bytes, from the shared array pool; may be longer.</param>
/// <param name="Length">How many of them count.</param>
internal readonly record struct SctpMessage(ushort StreamId, uint PayloadProtocolId, byte[] Buffer, int Length)
{
    public ReadOnlySpan<byte> Payload => Buffer.AsSpan(0, Length);

    /// <summary>Gives the buffer back.</summary>
    public void Return() => ArrayPool<byte>.Shared.Return(Buffer);
}
