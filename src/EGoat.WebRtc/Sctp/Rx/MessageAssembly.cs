using System.Buffers;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Sctp.Rx;

/// <summary>A message that grows fragment by fragment, always in order, in one pooled buffer.</summary>
internal sealed class MessageAssembly
{
    /// <summary>A first fragment of this length comes from a sender that fills its packets: more will follow.</summary>
    private const int FullFragmentLength = 1024;

    private byte[] _buffer = [];

    public ushort StreamId { get; private set; }

    public bool IsUnordered { get; private set; }

    public uint MessageNumber { get; private set; }

    public uint PayloadProtocolId { get; private set; }

    public int Length { get; private set; }

    /// <summary>Starts with the first fragment.</summary>
    public void Begin(in DataChunk chunk)
    {
        StreamId = chunk.StreamId;
        IsUnordered = chunk.IsUnordered;
        MessageNumber = chunk.MessageNumber;
        PayloadProtocolId = chunk.PayloadProtocolId;
        Length = 0;

        // Room for a short fragment is short too: many unfinished messages must not cost much more than their bytes.
        int size = chunk.IsEnd ? chunk.Payload.Length : chunk.Payload.Length < FullFragmentLength ? 4 * chunk.Payload.Length : Math.Max(4 * chunk.Payload.Length, 16 * 1024);
        _buffer = ArrayPool<byte>.Shared.Rent(size);
    }

    public void Append(ReadOnlySpan<byte> payload)
    {
        if (_buffer.Length - Length < payload.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * _buffer.Length, Length + payload.Length));
            _buffer.AsSpan(0, Length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        payload.CopyTo(_buffer.AsSpan(Length));
        Length += payload.Length;
    }

    /// <summary>The finished message; the buffer is its own from now on.</summary>
    public SctpMessage Complete()
    {
        var message = new SctpMessage(StreamId, PayloadProtocolId, _buffer, Length);
        _buffer = [];
        return message;
    }

    /// <summary>Gives up what has come so far.</summary>
    public void Discard()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = [];
    }
}
