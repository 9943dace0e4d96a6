using EGoat.WebRtc.DataChannels;

namespace EGoat.WebRtc.Sockets;

/// <summary>A received message. Disposing of it gives its buffer back.</summary>
public sealed class RtcMessage : IDisposable
{
    private DataChannelMessage _message;

    internal RtcMessage(in DataChannelMessage message)
    {
        _message = message;
        IsText = message.IsText;
    }

    /// <summary>The bytes; empty once disposed of.</summary>
    public ReadOnlyMemory<byte> Data => _message.Payload;

    /// <summary>Whether it was sent as text, in UTF-8.</summary>
    public bool IsText { get; }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        if (_message.Buffer is { Length: > 0 })
        {
            _message.Return();
            _message = new DataChannelMessage([], 0, IsText);
        }
    }
}
