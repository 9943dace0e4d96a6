using System.Threading.Channels;
using EGoat.Mesh.Protocol;
using EGoat.WebRtc;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Peers;

/// <summary>
/// Another member of the room: its connection of the moment, what it has said of itself, and the texts it has not confirmed,
/// which outlive a connection.
/// </summary>
/// <remarks>Everything that changes it happens under its lock; nothing waits under it.</remarks>
internal sealed class Peer(string id, IPeerOwner owner)
{
    /// <summary>Label of the control channel.</summary>
    private const string ControlLabel = "egoat";

    /// <summary>Texts that wait for a peer to confirm them; one more is refused.</summary>
    private const int MaxUnconfirmed = 1024;

    private const int MaxOutgoing = 2048;

    /// <summary>Channels that may wait for the hello of the peer who opened them.</summary>
    private const int MaxEarlyChannels = 16;

    /// <summary>How long closing waits for what was said last to be queued for sending.</summary>
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly LinkedList<TextMessage> _unconfirmed = new();
    private RtcConnection? _connection;
    private Channel<ControlMessage>? _outgoing;
    private Task _writing = Task.CompletedTask;
    private string _session = "";

    /// <summary>This side made the first offer of the session, and so makes the later ones.</summary>
    private bool _isOfferer;
    private HelloMessage? _hello;
    private string _identity = "";
    private DateTimeOffset? _connectedAt;
    private EGoatPeerState _state = EGoatPeerState.Connecting;

    public string Id => id;

    /// <summary>How often connecting has failed in a row.</summary>
    public int Failures { get; set; }

    public string Identity => _identity;

    public string Instance => _hello?.Instance ?? "";

    public bool IsConnected => _state == EGoatPeerState.Connected;

    /// <summary>Whether there is a connection that works or may yet.</summary>
    public bool HasLiveConnection
    {
        get
        {
            lock (_gate)
            {
                return _connection is { State: not (PeerConnectionState.Failed or PeerConnectionState.Closed) };
            }
        }
    }

    public bool HasUnconfirmed
    {
        get
        {
            lock (_gate)
            {
                return _unconfirmed.Count > 0;
            }
        }
    }

    public bool AcceptsFiles => _state == EGoatPeerState.Connected && _hello is { Accepts: true };

    /// <summary>Whether the peer's program can do something that not all can.</summary>
    public bool HasFeature(string feature) => _hello?.Features.Contains(feature) == true;

    /// <summary>The longest frame of a file channel that the peer takes.</summary>
    public int MaxFrameLength => (int)Math.Min(
        HasFeature(ControlMessage.Frame64KFeature) ? FileFrame.MaxLength : FileFrame.MaxSmallLength,
        _connection?.MaxMessageSize ?? FileFrame.MaxSmallLength);

    /// <summary>The peer as it is now.</summary>
    /// <param name="room">The name of the room.</param>
    /// <param name="withStatistics">Whether its connection is asked for them, which takes longer.</param>
    public EGoatPeer Snapshot(string room, bool withStatistics = false)
    {
        lock (_gate)
        {
            return new EGoatPeer
            {
                Id = id,
                Room = room,
                Name = _hello?.Name ?? "",
                Identity = _identity,
                State = _state,
                AcceptsFiles = _hello?.Accepts ?? false,
                Address = _connection?.RemoteAddress?.ToString() ?? "",
                ConnectedAt = _connectedAt,
                Statistics = withStatistics && _connection is { } connection ? PeerStatistics.From(connection.GetStats()) : null,
            };
        }
    }

    /// <summary>Makes an offer over a new connection, which replaces the present one.</summary>
    public async Task OfferAsync(RtcConnection connection)
    {
        RtcDataChannel control = connection.CreateDataChannel(ControlLabel);
        string session = Base32.NewId();
        Replace(connection, session, isOfferer: true);
        var offer = new Introduction { Kind = "offer", Session = session, Sdp = connection.CreateOffer() };

        // Candidates that are found later follow the offer.
        await owner.IntroduceAsync(this, offer).ConfigureAwait(false);
        _ = RunAsync(connection, control, session);
    }

    /// <summary>Answers an offer over a new connection, which replaces the present one.</summary>
    /// <exception cref="FormatException">The offer cannot be used.</exception>
    public async Task AnswerAsync(RtcConnection connection, string session, string offer)
    {
        var answer = new Introduction { Kind = "answer", Session = session, Sdp = connection.AcceptOffer(offer) };
        Replace(connection, session, isOfferer: false);
        await owner.IntroduceAsync(this, answer).ConfigureAwait(false);
        _ = RunAsync(connection, null, session);
    }

    /// <summary>
    /// Looks for new ways to the peer while the connection and its channels stand (a restart of ICE, docs/protocol.md §2). Only
    /// the side that made the first offer makes another, so that two never meet; the other side asks for it.
    /// </summary>
    public async Task RestartAsync()
    {
        RtcConnection? connection;
        string session;
        bool isOfferer;
        lock (_gate)
        {
            (connection, session, isOfferer) = (_connection, _session, _isOfferer);
        }

        if (connection is not { State: PeerConnectionState.Connected or PeerConnectionState.Disconnected })
        {
            return;
        }

        var introduction = new Introduction { Kind = "restart", Session = session };
        if (isOfferer)
        {
            try
            {
                connection.RestartIce();
                introduction = new Introduction { Kind = "offer", Session = session, Sdp = connection.CreateOffer() };
            }
            catch (InvalidOperationException)
            {
                return; // it has ended meanwhile
            }
        }

        await owner.IntroduceAsync(this, introduction).ConfigureAwait(false);
    }

    /// <summary>The peer asks for a restart of the session of the moment.</summary>
    public Task HandleRestartAsync(string session) => _isOfferer && Current(session) is not null ? RestartAsync() : Task.CompletedTask;

    /// <summary>Answers a later offer of the session of the moment. False when it begins another session.</summary>
    /// <exception cref="FormatException">The offer cannot be used.</exception>
    public async Task<bool> TryAnswerRestartAsync(string session, string offer)
    {
        if (Current(session) is not { State: not (PeerConnectionState.Failed or PeerConnectionState.Closed) } connection)
        {
            return false;
        }

        try
        {
            var answer = new Introduction { Kind = "answer", Session = session, Sdp = connection.AcceptOffer(offer) };
            await owner.IntroduceAsync(this, answer).ConfigureAwait(false);
        }
        catch (InvalidOperationException e)
        {
            owner.Warn($"The offer of a peer came out of turn: {e.Message}");
        }

        return true;
    }

    /// <summary>Takes the answer, if it is to the offer of the moment.</summary>
    public void HandleAnswer(string session, string sdp)
    {
        if (Current(session) is { } connection)
        {
            try
            {
                connection.AcceptAnswer(sdp);
            }
            catch (Exception e) when (e is FormatException or InvalidOperationException)
            {
                owner.Warn($"The answer of a peer cannot be used: {e.Message}");
            }
        }
    }

    public void HandleCandidate(string session, string candidate) => Current(session)?.AddRemoteCandidate(candidate);

    /// <summary>Sends a control message if the peer is connected.</summary>
    public void Send(ControlMessage message)
    {
        lock (_gate)
        {
            _outgoing?.Writer.TryWrite(message);
        }
    }

    /// <summary>Sends a text, now or as soon as the peer is connected, until it confirms. False when too many wait.</summary>
    public bool SendText(TextMessage text)
    {
        lock (_gate)
        {
            if (_unconfirmed.Count >= MaxUnconfirmed)
            {
                return false;
            }

            _unconfirmed.AddLast(text);
            _outgoing?.Writer.TryWrite(text);
            return true;
        }
    }

    /// <summary>The peer has stored a text.</summary>
    public void Confirm(string messageId)
    {
        lock (_gate)
        {
            for (LinkedListNode<TextMessage>? node = _unconfirmed.First; node is not null; node = node.Next)
            {
                if (node.Value.Id == messageId)
                {
                    _unconfirmed.Remove(node);
                    return;
                }
            }
        }
    }

    /// <summary>A channel for a transfer.</summary>
    /// <exception cref="RtcException">The peer is not connected.</exception>
    public RtcDataChannel OpenChannel(string label)
    {
        lock (_gate)
        {
            return _connection?.CreateDataChannel(label) ?? throw new RtcException("The peer is not connected.");
        }
    }

    /// <summary>Ends the connection; <see cref="IPeerOwner.OnEnded"/> is not called for it.</summary>
    public async ValueTask CloseAsync()
    {
        RtcConnection? connection;
        lock (_gate)
        {
            (connection, _connection) = (_connection, null);
            _outgoing?.Writer.TryComplete();
            _outgoing = null;
            _session = "";
            _state = EGoatPeerState.Left;
        }

        if (connection is not null)
        {
            await Task.WhenAny(_writing, Task.Delay(FarewellTimeout)).ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private RtcConnection? Current(string session)
    {
        lock (_gate)
        {
            return session == _session ? _connection : null;
        }
    }

    private void Replace(RtcConnection connection, string session, bool isOfferer)
    {
        RtcConnection? old;
        lock (_gate)
        {
            (old, _connection) = (_connection, connection);
            _session = session;
            _isOfferer = isOfferer;
            _outgoing?.Writer.TryComplete();
            _outgoing = null;
            _state = EGoatPeerState.Connecting;
        }

        if (old is not null)
        {
            _ = old.DisposeAsync().AsTask();
        }
    }

    // The life of one connection: its states and channels, until it ends.
    private async Task RunAsync(RtcConnection connection, RtcDataChannel? control, string session)
    {
        var introduced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task talking = control is null ? Task.CompletedTask : TalkAsync(connection, control, introduced);
        string? reason = null;
        int early = 0;
        await foreach (RtcEvent e in connection.Events.ReadAllAsync().ConfigureAwait(false))
        {
            reason = e.Reason ?? reason;
            if (e.IncomingChannel is { } channel)
            {
                if (channel.Label == ControlLabel && control is null)
                {
                    control = channel;
                    talking = TalkAsync(connection, channel, introduced);
                }
                else if (introduced.Task.IsCompleted || early++ < MaxEarlyChannels)
                {
                    _ = AdmitAsync(channel, introduced.Task);
                }
                else
                {
                    _ = channel.CloseAndDiscardAsync();
                }
            }
            else if (e.LocalCandidate is { } candidate)
            {
                await owner.IntroduceAsync(this, new Introduction { Kind = "candidate", Session = session, Candidate = candidate }).ConfigureAwait(false);
            }
            else
            {
                HandleState(connection, e.State);
            }
        }

        await talking.ConfigureAwait(false);
        introduced.TrySetCanceled();
        await connection.DisposeAsync().ConfigureAwait(false);
        if (ReferenceEquals(connection, _connection))
        {
            SetState(connection, EGoatPeerState.Disconnected);
            owner.OnEnded(this, reason);
        }
    }

    // Channels have no order among each other: one may be here before the peer's hello is read.
    private async Task AdmitAsync(RtcDataChannel channel, Task introduced)
    {
        await introduced.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!introduced.IsCompletedSuccessfully || !owner.OnFileChannel(this, channel))
        {
            await channel.CloseAndDiscardAsync().ConfigureAwait(false);
        }
    }

    private void HandleState(RtcConnection connection, PeerConnectionState state)
    {
        switch (state)
        {
            case PeerConnectionState.Disconnected:
                SetState(connection, EGoatPeerState.Disconnected);
                _ = RestartAsync();
                break;
            case PeerConnectionState.Connected when _hello is not null && _state == EGoatPeerState.Disconnected:
                SetState(connection, EGoatPeerState.Connected);
                break;
            default:
                break;
        }
    }

    private void SetState(RtcConnection connection, EGoatPeerState state)
    {
        lock (_gate)
        {
            if (_connection != connection || _state == state)
            {
                return;
            }

            _state = state;
        }

        owner.OnChanged(this);
    }

    // Both sides say hello, then everything the other has not confirmed, then whatever comes.
    private async Task TalkAsync(RtcConnection connection, RtcDataChannel control, TaskCompletionSource introduced)
    {
        var outgoing = Channel.CreateBounded<ControlMessage>(MaxOutgoing);
        lock (_gate)
        {
            if (_connection != connection)
            {
                return;
            }

            _outgoing = outgoing;
            outgoing.Writer.TryWrite(owner.CreateHello());
            foreach (TextMessage text in _unconfirmed)
            {
                outgoing.Writer.TryWrite(text);
            }
        }

        Task writing = WriteAsync(control, outgoing.Reader);
        _writing = writing;
        try
        {
            while (await control.ReceiveAsync().ConfigureAwait(false) is { } received)
            {
                using (received)
                {
                    if (!received.IsText || !ControlCodec.TryParse(received.Data, out ControlMessage message))
                    {
                        owner.Warn("A peer sent a message that cannot be read; it was disconnected.");
                        break;
                    }

                    if (message is HelloMessage hello)
                    {
                        if (!HandleHello(connection, hello))
                        {
                            break;
                        }

                        introduced.TrySetResult();
                    }
                    else if (_hello is not null)
                    {
                        await owner.OnMessageAsync(this, message).ConfigureAwait(false);
                    }
                }
            }
        }
        catch (RtcException)
        {
            // The connection has ended; its events say why.
        }

        outgoing.Writer.TryComplete();
        await writing.ConfigureAwait(false);
        if (connection.State == PeerConnectionState.Connected)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private bool HandleHello(RtcConnection connection, HelloMessage hello)
    {
        if (hello.V > ControlMessage.Version)
        {
            Send(new ByeMessage($"This side speaks version {ControlMessage.Version} of the peer protocol."));
            return false;
        }

        lock (_gate)
        {
            if (_connection != connection)
            {
                return false;
            }

            bool isFirst = _state != EGoatPeerState.Connected;
            _hello = hello;
            _identity = IdentityId.FromCertificate(connection.RemoteCertificate.Span);
            _connectedAt = isFirst ? DateTimeOffset.UtcNow : _connectedAt;
            _state = EGoatPeerState.Connected;
            Failures = 0;
        }

        owner.OnHello(this);
        return true;
    }

    private static async Task WriteAsync(RtcDataChannel control, ChannelReader<ControlMessage> outgoing)
    {
        try
        {
            await foreach (ControlMessage message in outgoing.ReadAllAsync().ConfigureAwait(false))
            {
                await control.SendAsync(ControlCodec.Encode(message), isText: true).ConfigureAwait(false);
            }
        }
        catch (RtcException)
        {
            // The reader of the channel notices too.
        }
    }
}

/// <summary>What a <see cref="Peer"/> tells the room. Called in order for a connection, never under a lock.</summary>
internal interface IPeerOwner
{
    HelloMessage CreateHello();

    /// <summary>The peer has said who it is, or something else of it has changed.</summary>
    void OnHello(Peer peer);

    void OnChanged(Peer peer);

    /// <summary>The connection has ended by itself.</summary>
    void OnEnded(Peer peer, string? reason);

    ValueTask OnMessageAsync(Peer peer, ControlMessage message);

    /// <summary>The peer has opened a channel other than the control channel. False refuses it.</summary>
    bool OnFileChannel(Peer peer, RtcDataChannel channel);

    /// <summary>Sends an introduction to the peer through the signaling server.</summary>
    Task IntroduceAsync(Peer peer, Introduction introduction);

    void Warn(string text);
}
