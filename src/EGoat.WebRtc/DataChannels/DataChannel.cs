using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Statistics;

namespace EGoat.WebRtc.DataChannels;

/// <summary>
/// A channel for messages to the peer (W3C RTCDataChannel, RFC 8831). Not thread-safe: it belongs to its connection, and
/// what a call produces is polled from there.
/// </summary>
public sealed class DataChannel
{
    private readonly DataChannelSet _set;
    private readonly Queue<SctpMessage> _received = new();
    private long _lowThreshold;
    private long _messagesSent;
    private long _bytesSent;
    private long _messagesReceived;
    private long _bytesReceived;

    internal DataChannel(DataChannelSet set, string label, DataChannelOptions options, int? id)
    {
        _set = set;
        Label = label;
        Options = options;
        Id = id;
    }

    /// <summary>The name that its opener gave it; several channels may share one.</summary>
    public string Label { get; }

    /// <summary>How it delivers.</summary>
    public DataChannelOptions Options { get; }

    /// <summary>The stream; null until the connection has chosen it.</summary>
    public int? Id { get; internal set; }

    /// <summary>The state.</summary>
    public DataChannelState ReadyState { get; internal set; }

    /// <summary>Bytes given to <see cref="Send(TimeSpan, ReadOnlySpan{byte}, bool)"/> that have not been sent yet; 0 once it is closed, when its stream may be another's.</summary>
    public long BufferedAmount => Id is { } id && ReadyState != DataChannelState.Closed ? _set.Association.GetBufferedAmount((ushort)id) : 0;

    /// <summary>When the buffered amount falls to this, <see cref="DataChannelEventType.BufferedAmountLow"/> is reported. In bytes, default 0.</summary>
    public long BufferedAmountLowThreshold
    {
        get => _lowThreshold;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _lowThreshold = value;
            ApplyStreamSettings();
        }
    }

    /// <summary>
    /// Whether received messages wait. One that is not read holds the peer's window back: a reader that pauses pauses
    /// the peer.
    /// </summary>
    public bool HasMessage => _received.Count > 0;

    /// <summary>Bytes of the OPEN that the peer sent; 0 for a channel of this side.</summary>
    internal int IncomingOpenLength { get; init; }

    /// <summary>Whether it has been open, for the count of those.</summary>
    internal bool HasBeenOpen { get; set; }

    internal bool IsOpenAcknowledged { get; set; }

    internal bool HasOutgoingReset { get; set; }

    internal bool HasIncomingReset { get; set; }

    internal bool IsResetRequested { get; set; }

    /// <summary>Queues a message. The bytes are copied.</summary>
    /// <inheritdoc cref="Send(TimeSpan, in SctpPayload, bool)"/>
    public void Send(TimeSpan now, ReadOnlySpan<byte> data, bool isText) => Send(now, (SctpPayload)data, isText);

    /// <summary>Queues a message.</summary>
    /// <param name="now">The present time.</param>
    /// <param name="data">The message; may be empty.</param>
    /// <param name="isText">Whether it is text in UTF-8.</param>
    /// <exception cref="InvalidOperationException">The channel is not open (W3C InvalidStateError).</exception>
    /// <exception cref="ArgumentException">The message is longer than the peer accepts (W3C TypeError).</exception>
    public void Send(TimeSpan now, in SctpPayload data, bool isText)
    {
        if (ReadyState != DataChannelState.Open)
        {
            throw new InvalidOperationException($"The data channel '{Label}' is {ReadyState}.");
        }

        if (data.Length > _set.MaxMessageSize)
        {
            throw new ArgumentException($"The message has {data.Length} bytes; the peer accepts {_set.MaxMessageSize}.", nameof(data));
        }

        _set.Send(now, this, data, isText);
        _messagesSent++;
        _bytesSent += data.Length;
    }

    /// <summary>Takes the next message, which opens the peer's window again; the caller returns it.</summary>
    public bool TryReceive(out DataChannelMessage message)
    {
        message = default;
        if (!_received.TryDequeue(out SctpMessage received))
        {
            return false;
        }

        _set.Association.Release(received.Length);
        bool isEmpty = PayloadProtocol.IsEmpty(received.PayloadProtocolId);
        bool isText = received.PayloadProtocolId is PayloadProtocol.Text or PayloadProtocol.TextPartial or PayloadProtocol.EmptyText;
        message = new DataChannelMessage(received.Buffer, isEmpty ? 0 : received.Length, isText);
        return true;
    }

    /// <summary>Closes the channel: everything that was queued is delivered, then the stream is reset (RFC 8831 section 6.7).</summary>
    public void Close() => _set.Close(this);

    internal void Enqueue(in SctpMessage message)
    {
        _received.Enqueue(message);
        _messagesReceived++;
        _bytesReceived += PayloadProtocol.IsEmpty(message.PayloadProtocolId) ? 0 : message.Length;
    }

    internal DataChannelStats GetStats() => new()
    {
        Label = Label,
        Protocol = Options.Protocol,
        DataChannelIdentifier = Id,
        State = ReadyState,
        MessagesSent = _messagesSent,
        BytesSent = _bytesSent,
        MessagesReceived = _messagesReceived,
        BytesReceived = _bytesReceived,
        BufferedAmount = BufferedAmount,
    };

    /// <summary>The stream is known: the association learns what applies to it.</summary>
    internal void ApplyStreamSettings()
    {
        if (Id is { } id && ReadyState != DataChannelState.Closed)
        {
            _set.Association.SetPriority((ushort)id, (ushort)Options.Priority);
            _set.Association.SetBufferedAmountLowThreshold((ushort)id, _lowThreshold);
        }
    }
}
