using System.Text;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.DataChannels;

/// <summary>The channels of one association: opens them (RFC 8832), gives each message to its channel, closes them (RFC 8831 section 6.7).</summary>
internal sealed class DataChannelSet(SctpAssociation association, SubjectTrace? trace = null)
{
    private const int MaxId = 65534;
    private const byte DcepAck = 2;

    /// <summary>SCTP has no empty messages: one byte stands for none (RFC 8831 section 6.6).</summary>
    private static readonly byte[] EmptyMessage = [0];

    /// <summary>Bytes of labels and protocols of all channels that the peer has open; a channel beyond it is refused.</summary>
    private const int MaxIncomingOpenBytes = 4 * 1024 * 1024;

    private readonly Dictionary<ushort, DataChannel> _channels = [];

    /// <summary>Created before the DTLS role was known; they get their ids then.</summary>
    private readonly List<DataChannel> _withoutId = [];
    private readonly Queue<DataChannelEvent> _events = new();

    /// <summary>Ids of closed channels whose streams the peer did not reset: it still takes what comes on them for the old channel's (RFC 8831 section 6.7).</summary>
    private readonly HashSet<ushort> _spentIds = [];

    /// <summary>Below it every id of this side's parity is taken.</summary>
    private int _nextId;
    private bool _isConnected;
    private int _incomingOpenBytes;

    public SctpAssociation Association { get; } = association;

    /// <summary>The longest message that the peer accepts, from its <c>a=max-message-size</c>. Until then 64 KiB (RFC 8841 section 6.1).</summary>
    public long MaxMessageSize { get; set; } = 64 * 1024;

    /// <summary>Channels that have been open.</summary>
    public long Opened { get; private set; }

    /// <summary>Channels that have been open and are closed.</summary>
    public long Closed { get; private set; }

    /// <summary>Messages of all channels that there have been.</summary>
    public long MessagesSent { get; private set; }

    public long MessagesReceived { get; private set; }

    /// <summary>The open and opening channels.</summary>
    public IEnumerable<DataChannel> Channels => _channels.Values.Concat(_withoutId);

    /// <summary>Ids of this side are even for the DTLS client and odd for the server (RFC 8832 section 6); null until known.</summary>
    public bool? IsDtlsClient { get; private set; }

    /// <summary>How many streams there are in both directions: ids are below it (W3C RTCSctpTransport.maxChannels).</summary>
    private int StreamCount => _isConnected ? Math.Min(Association.OutboundStreams, MaxId + 1) : MaxId + 1;

    /// <summary>Creates a channel; it opens when the association is connected, or at once.</summary>
    /// <exception cref="ArgumentException">Options that contradict each other, or a negotiated id that is taken.</exception>
    /// <exception cref="InvalidOperationException">No stream is left, or the peer has none of the negotiated id (W3C OperationError).</exception>
    public DataChannel Create(TimeSpan now, string label, DataChannelOptions options)
    {
        if (options is { MaxPacketLifeTime: not null, MaxRetransmits: not null })
        {
            throw new ArgumentException("A channel has a lifetime or a number of retransmissions, not both.", nameof(options));
        }

        if (options.MaxPacketLifeTime is < 0 or > ushort.MaxValue || options.MaxRetransmits is < 0 or > ushort.MaxValue)
        {
            throw new ArgumentException("A lifetime and a number of retransmissions are 0 to 65535.", nameof(options));
        }

        if (Encoding.UTF8.GetByteCount(label) > ushort.MaxValue || Encoding.UTF8.GetByteCount(options.Protocol) > ushort.MaxValue)
        {
            throw new ArgumentException("Label and protocol have at most 65535 bytes.", nameof(label));
        }

        if (options.Negotiated && (options.Id is not (>= 0 and <= MaxId) || IsTaken((ushort)options.Id)))
        {
            throw new ArgumentException("A negotiated channel needs a free id of 0 to 65534.", nameof(options));
        }

        if (options.Negotiated && options.Id >= StreamCount)
        {
            throw new InvalidOperationException($"The peer has {StreamCount} streams; the id {options.Id} is beyond them.");
        }

        var channel = new DataChannel(this, label, options, options.Negotiated ? options.Id : null);
        if (options.Negotiated)
        {
            _channels.Add((ushort)options.Id!, channel);
            channel.ApplyStreamSettings();
        }
        else
        {
            _withoutId.Add(channel);
            AssignIds();
        }

        if (_isConnected)
        {
            Open(now, channel);
        }

        return channel;
    }

    /// <summary>The DTLS role decides the ids.</summary>
    public void SetDtlsRole(bool isClient)
    {
        IsDtlsClient = isClient;
        AssignIds();
    }

    public void Send(TimeSpan now, DataChannel channel, in SctpPayload data, bool isText)
    {
        bool isEmpty = data.Length == 0;
        uint ppid = (isText, isEmpty) switch
        {
            (true, false) => PayloadProtocol.Text,
            (true, true) => PayloadProtocol.EmptyText,
            (false, false) => PayloadProtocol.Binary,
            (false, true) => PayloadProtocol.EmptyBinary,
        };

        // RFC 8832 section 6: until the peer has acknowledged the channel nothing may overtake its OPEN.
        bool isUnordered = !channel.Options.Ordered && channel.IsOpenAcknowledged;

        // A lifetime of 0 is over before anything could be sent: it means that everything is sent once.
        (TimeSpan? lifetime, int? maxRetransmits) = channel.Options.MaxPacketLifeTime switch
        {
            null => ((TimeSpan?)null, channel.Options.MaxRetransmits),
            0 => (null, 0),
            { } milliseconds => (TimeSpan.FromMilliseconds(milliseconds), null),
        };
        Association.Send(now, (ushort)channel.Id!, ppid, isEmpty ? EmptyMessage : data, isUnordered, lifetime, maxRetransmits, isCounted: !isEmpty);
        MessagesSent++;
    }

    public void Close(DataChannel channel)
    {
        if (channel.ReadyState is DataChannelState.Closing or DataChannelState.Closed)
        {
            return;
        }

        if (channel.Id is not { } id || !_isConnected)
        {
            Remove(channel);
            return;
        }

        SetState(channel, DataChannelState.Closing);
        RequestReset(channel, (ushort)id);
    }

    /// <summary>Moves what the association has to say to the channels, messages and events in the order in which they happened.</summary>
    public void Drain(TimeSpan now)
    {
        while (true)
        {
            if (Association.TryReceive(out SctpMessage message))
            {
                Deliver(now, message);
            }
            else if (Association.TryPollEvent(out SctpEvent e))
            {
                Handle(now, e);
            }
            else
            {
                break;
            }
        }

        if (_isConnected && Association.State is not (SctpState.Established or SctpState.Closed))
        {
            // The peer shuts the association down: nothing more can be sent.
            foreach (DataChannel channel in Channels)
            {
                if (channel.ReadyState == DataChannelState.Open)
                {
                    SetState(channel, DataChannelState.Closing);
                }
            }
        }
    }

    public bool TryPollEvent(out DataChannelEvent e) => _events.TryDequeue(out e);

    /// <summary>The association is gone, and all channels with it.</summary>
    public void CloseAll()
    {
        foreach (DataChannel channel in Channels.ToArray())
        {
            Remove(channel);
        }
    }

    private bool IsTaken(ushort id) => _channels.ContainsKey(id) || _spentIds.Contains(id);

    private void AssignIds()
    {
        if (IsDtlsClient is not { } isClient)
        {
            return;
        }

        foreach (DataChannel channel in _withoutId)
        {
            int id = isClient ? 0 : 1;
            for (id = Math.Max(id, _nextId); id < StreamCount && IsTaken((ushort)id); id += 2)
            {
            }

            if (id >= StreamCount)
            {
                _withoutId.Remove(channel);
                throw new InvalidOperationException($"All {StreamCount} streams of the connection are in use.");
            }

            _nextId = id + 2;
            channel.Id = id;
            _channels.Add((ushort)id, channel);
            channel.ApplyStreamSettings();
        }

        _withoutId.Clear();
    }

    private void Open(TimeSpan now, DataChannel channel)
    {
        if (channel.Options.Negotiated)
        {
            channel.IsOpenAcknowledged = true;
        }
        else
        {
            byte[] open = DcepOpen.Create(channel.Label, channel.Options);
            if (open.Length > MaxMessageSize)
            {
                Remove(channel); // the peer takes no message with a name as long (RFC 8841 section 6.1)
                return;
            }

            Association.Send(now, (ushort)channel.Id!, PayloadProtocol.Dcep, open, isCounted: false);
        }

        SetState(channel, DataChannelState.Open);
    }

    private void Deliver(TimeSpan now, in SctpMessage message)
    {
        if (message.PayloadProtocolId == PayloadProtocol.Dcep)
        {
            HandleDcep(now, message.StreamId, message.Payload);
        }
        else if (_channels.TryGetValue(message.StreamId, out DataChannel? channel) && IsKnown(message.PayloadProtocolId))
        {
            channel.IsOpenAcknowledged = true; // RFC 8832 section 6: user data acknowledges too
            bool isFirst = !channel.HasMessage;
            channel.Enqueue(message);
            MessagesReceived++;
            if (isFirst)
            {
                _events.Enqueue(new DataChannelEvent(DataChannelEventType.MessageAvailable, channel));
            }

            return;
        }

        Association.Release(message.Length);
        message.Return();
    }

    private static bool IsKnown(uint payloadProtocolId) => payloadProtocolId is
        PayloadProtocol.Text or PayloadProtocol.Binary or PayloadProtocol.EmptyText or PayloadProtocol.EmptyBinary or
        PayloadProtocol.TextPartial or PayloadProtocol.BinaryPartial;

    private void HandleDcep(TimeSpan now, ushort id, ReadOnlySpan<byte> message)
    {
        if (message is [DcepAck])
        {
            if (_channels.TryGetValue(id, out DataChannel? acknowledged))
            {
                acknowledged.IsOpenAcknowledged = true;
            }

            return;
        }

        // The peer uses an id again once it is done with it, which this side may not have heard yet.
        if (_channels.TryGetValue(id, out DataChannel? old) && old.HasIncomingReset)
        {
            Remove(old);
        }

        if (!DcepOpen.IsOpen(message) || Association.State != SctpState.Established)
        {
            return;
        }

        // RFC 8832 section 6: what is malformed, on a stream in use, or on an id of this side's parity is closed and not
        // acknowledged. Nor may names fill the memory.
        if (_channels.TryGetValue(id, out DataChannel? used))
        {
            Close(used);
            return;
        }

        if (!DcepOpen.TryParse(message, out string label, out DataChannelOptions options) || id >= StreamCount ||
            _spentIds.Contains(id) || IsDtlsClient == ((id & 1) == 0) || _incomingOpenBytes + message.Length > MaxIncomingOpenBytes)
        {
            Association.ResetStream(id);
            return;
        }

        var channel = new DataChannel(this, label, options with { Id = id }, id) { IsOpenAcknowledged = true, IncomingOpenLength = message.Length };
        _channels.Add(id, channel);
        _incomingOpenBytes += message.Length;
        channel.ApplyStreamSettings();
        Association.Send(now, id, PayloadProtocol.Dcep, (ReadOnlySpan<byte>)[DcepAck], isCounted: false);
        trace?.IfOn?.Write(TraceCategory.Channel, $"the peer opens channel {id} '{label}'");
        _events.Enqueue(new DataChannelEvent(DataChannelEventType.Incoming, channel));
        SetState(channel, DataChannelState.Open);
    }

    private void Handle(TimeSpan now, in SctpEvent e)
    {
        switch (e.Type)
        {
            case SctpEventType.Connected:
                // The packet that connects may end the association at once: then nothing can be sent, and the end is told next.
                _isConnected = Association.State == SctpState.Established;
                foreach (DataChannel channel in _isConnected ? Channels.ToArray() : [])
                {
                    if (channel.Id >= StreamCount)
                    {
                        Remove(channel); // W3C "announce the data channel transport as connected": the peer has no such stream
                    }
                    else
                    {
                        Open(now, channel);
                    }
                }

                break;
            case SctpEventType.IncomingStreamsReset:
                foreach (ushort id in e.StreamIds.Length == 0 ? [.. _channels.Keys] : e.StreamIds)
                {
                    HandleIncomingReset(id);
                }

                break;
            case SctpEventType.OutgoingStreamsReset:
            case SctpEventType.StreamResetDenied:
                foreach (ushort id in e.StreamIds)
                {
                    HandleOutgoingReset(id, e.Type == SctpEventType.StreamResetDenied);
                }

                break;
            case SctpEventType.BufferedAmountLow:
                if (_channels.TryGetValue(e.StreamIds[0], out DataChannel? low))
                {
                    _events.Enqueue(new DataChannelEvent(DataChannelEventType.BufferedAmountLow, low));
                }

                break;
            default:
                CloseAll();
                break;
        }
    }

    private void HandleIncomingReset(ushort id)
    {
        if (!_channels.TryGetValue(id, out DataChannel? channel))
        {
            return;
        }

        channel.HasIncomingReset = true;
        if (channel.ReadyState == DataChannelState.Open)
        {
            SetState(channel, DataChannelState.Closing);
        }

        RequestReset(channel, id);
        RemoveIfDone(channel);
    }

    private void HandleOutgoingReset(ushort id, bool isDenied)
    {
        if (_channels.TryGetValue(id, out DataChannel? channel) && channel.IsResetRequested)
        {
            channel.HasOutgoingReset = true;
            if (isDenied)
            {
                channel.HasIncomingReset = true;
                _spentIds.Add(id);
            }

            RemoveIfDone(channel);
        }
    }

    private void RequestReset(DataChannel channel, ushort id)
    {
        if (!channel.IsResetRequested)
        {
            channel.IsResetRequested = true;
            Association.ResetStream(id);
        }
    }

    private void RemoveIfDone(DataChannel channel)
    {
        if (channel.HasIncomingReset && channel.HasOutgoingReset)
        {
            Remove(channel);
        }
    }

    private void Remove(DataChannel channel)
    {
        _withoutId.Remove(channel);
        if (channel.Id is { } id && _channels.Remove((ushort)id))
        {
            _nextId = Math.Min(_nextId, IsDtlsClient == true ? 0 : 1);
            _incomingOpenBytes -= channel.IncomingOpenLength;
        }

        SetState(channel, DataChannelState.Closed);
    }

    private void CountState(DataChannel channel)
    {
        if (channel.ReadyState == DataChannelState.Open)
        {
            channel.HasBeenOpen = true;
            Opened++;
        }
        else if (channel.ReadyState == DataChannelState.Closed && channel.HasBeenOpen)
        {
            Closed++;
        }
    }

    private void SetState(DataChannel channel, DataChannelState state)
    {
        if (channel.ReadyState != state)
        {
            channel.ReadyState = state;
            trace?.IfOn?.Write(TraceCategory.Channel, $"channel {channel.Id} '{channel.Label}' {state}");
            CountState(channel);
            _events.Enqueue(new DataChannelEvent(DataChannelEventType.StateChanged, channel));
        }
    }
}
