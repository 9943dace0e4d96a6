using System.Buffers;

namespace EGoat.WebRtc.DataChannels;

/// <summary>A received message in a pooled buffer. The receiver calls <see cref="Return"/> once when it has read it.</summary>
/// <param name="Buffer">Holds the bytes; may be longer.</param>
/// <param name="Length">How many bytes count; 0 for an empty message.</param>
/// <param name="IsText">Whether it was sent as text, in UTF-8.</param>
public readonly record struct DataChannelMessage(byte[] Buffer, int Length, bool IsText)
{
    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Payload => Buffer.AsMemory(0, Length);

    /// <summary>Gives the buffer back to the pool; <see cref="Payload"/> must not be used afterwards.</summary>
    public void Return() => ArrayPool<byte>.Shared.Return(Buffer);
}
