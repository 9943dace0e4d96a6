using System.Threading.Channels;
using EGoat.Keys;
using EGoat.Mesh.Protocol;
using EGoat.WebRtc;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Peers;

/// <summary>
/// One connection to a peer: who offered it, what the peer has said of itself over it, and what waits to be said. It is
/// replaced as a whole. It does not know what became of the peer before, nor what its messages mean.
/// </summary>
/// <remarks>Its lock guards its fields; nothing waits and nobody is called under it but the connection.</remarks>
internal sealed class PeerSession
{
    /// <summary>Label of the control channel.</summary>
    private const string ControlLabel = "egoat";

    /// <summary>Control messages that wait to be sent; a peer that does not take them is disconnected.</summary>
    private const int MaxOutgoing = 4096;

    /// <summary>Channels that may wait for the hello of the peer who opened them.</summary>
    private const int MaxEarlyChannels = 16;

    /// <summary>How long closing waits for what was said last to reach the peer.</summary>
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(2);

    private readonly RtcConnection _connection;
    private readonly ISessionOwner _owner;
    private readonly TimeProvider _time;
    private readonly Channel<ControlMessage> _outgoing = Channel.CreateBounded<ControlMessage>(MaxOutgoing);
    private readonly TaskCompletionSource _introduced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly SessionState _state = new();
    private RtcDataChannel? _control;
    private HelloMessage? _hello;
    private DateTimeOffset? _connectedAt;
    private Task _writing = Task.CompletedTask;
    private bool _isClosed;

    /// <summary>The offer that waits for its answer; null when there is none.</summary>
    private Introduction.Offer? _pendingOffer;

    /// <summary>1 while a thread makes an offer that restarts ICE.</summary>
    private int _isRestarting;

    /// <summary>More was to be sent than the peer takes.</summary>
    private volatile bool _isOverrun;

    private PeerSession(Peer peer, string id, bool isOfferer, RtcConnection connection, ISessionOwner owner, TimeProvider time)
    {
        Peer = peer;
        Id = id;
        IsOfferer = isOfferer;
        Began = time.GetTimestamp();
        _connection = connection;
        _owner = owner;
        _time = time;
    }

    /// <summary>Whom it connects to.</summary>
    public Peer Peer { get; }

    /// <summary>The name that the offerer gave the session.</summary>
    public string Id { get; }

    /// <summary>Whether this side made the first offer of the session, and so makes the later ones.</summary>
    public bool IsOfferer { get; }

    /// <summary>When it began, as the timestamp of the room's clock.</summary>
    public long Began { get; }

    /// <summary>What the peer has said of itself last; null before.</summary>
    public HelloMessage? Hello => Read(static s => s._hello);

    /// <summary>The identity of the certificate that DTLS verified; empty before there is one.</summary>
    public string Identity => _connection.RemoteCertificate is { IsEmpty: false } certificate ? IdentityId.FromCertificate(certificate.Span) : "";

    /// <summary>When the peer said hello first.</summary>
    public DateTimeOffset? ConnectedAt => Read(static s => s._connectedAt);

    /// <summary>Whether the peer has said hello and is heard.</summary>
    public bool IsConnected => Read(static s => s._state.IsConnected);

    /// <summary>Whether the peer has not been heard for a while.</summary>
    public bool IsSilent => Read(static s => s._state.IsSilent);

    /// <summary>Whether the connection works or may yet.</summary>
    public bool IsLive => !Read(static s => s._state.IsEnded) && _connection.State is not (PeerConnectionState.Failed or PeerConnectionState.Closed);

    /// <summary>The longest frame of a file channel that the peer takes.</summary>
    public int MaxFrameLength => (int)Math.Min(
        Hello?.Features.Contains(ControlMessage.Frame64KFeature) == true ? FileFrame.MaxLength : FileFrame.MaxSmallLength,
        _connection.MaxMessageSize);

    /// <summary>Begins a session with an offer.</summary>
    /// <param name="peer">Whom to connect to.</param>
    /// <param name="connection">A new connection, which the session disposes of.</param>
    /// <param name="owner">Who is told what happens.</param>
    /// <param name="time">The clock.</param>
    /// <param name="offer">What the peer must be told; candidates that are found later follow it.</param>
    public static PeerSession CreateOffer(Peer peer, RtcConnection connection, ISessionOwner owner, TimeProvider time, out Introduction.Offer offer)
    {
        var session = new PeerSession(peer, Base32.NewId(), isOfferer: true, connection, owner, time) { _control = connection.CreateDataChannel(ControlLabel) };
        offer = session._pendingOffer = new Introduction.Offer(session.Id, connection.CreateOffer());
        return session;
    }

    /// <summary>Begins a session that the peer has offered.</summary>
    /// <param name="peer">Who has offered it.</param>
    /// <param name="connection">A new connection, which the session disposes of.</param>
    /// <param name="offer">The offer.</param>
    /// <param name="owner">Who is told what happens.</param>
    /// <param name="time">The clock.</param>
    /// <param name="answer">What the peer must be told; candidates that are found later follow it.</param>
    /// <exception cref="FormatException">The offer cannot be used.</exception>
    public static PeerSession CreateAnswer(Peer peer, RtcConnection connection, Introduction.Offer offer, ISessionOwner owner, TimeProvider time, out Introduction.Answer answer)
    {
        answer = new Introduction.Answer(offer.Session, connection.AcceptOffer(offer.Sdp));
        return new PeerSession(peer, offer.Session, isOfferer: false, connection, owner, time);
    }

    /// <summary>Runs until the connection ends; called once, when the peer has been told of the session.</summary>
    public async Task RunAsync()
    {
        Task talking = _control is null ? Task.CompletedTask : TalkAsync(_control);
        string? reason = null;
        int early = 0;
        await foreach (RtcEvent e in _connection.Events.ReadAllAsync().ConfigureAwait(false))
        {
            reason = e.Reason ?? reason;
            if (e.IncomingChannel is { } channel)
            {
                if (channel.Label == ControlLabel && _control is null)
                {
                    _control = channel;
                    talking = TalkAsync(channel);
                }
                else if (_introduced.Task.IsCompletedSuccessfully)
                {
                    Admit(channel);
                }
                else if (early++ < MaxEarlyChannels)
                {
                    _owner.Background.Run(() => AdmitWhenIntroducedAsync(channel));
                }
                else
                {
                    Discard(channel);
                }
            }
            else if (e.LocalCandidate is { } candidate)
            {
                await _owner.OnCandidateAsync(this, candidate).ConfigureAwait(false);
            }
            else
            {
                HandleState(e.State);
            }
        }

        await talking.ConfigureAwait(false);
        _introduced.TrySetCanceled();
        await _connection.DisposeAsync().ConfigureAwait(false);
        bool hasEndedByItself;
        lock (_gate)
        {
            hasEndedByItself = !_isClosed;
            if (!_state.IsEnded)
            {
                _state.End();
            }
        }

        if (hasEndedByItself)
        {
            _owner.OnEnded(this, reason);
        }
    }

    /// <summary>Sends a control message. A peer that does not take what is sent is disconnected.</summary>
    public void Send(ControlMessage message)
    {
        if (!_outgoing.Writer.TryWrite(message) && _outgoing.Writer.TryComplete())
        {
            _isOverrun = true;
        }
    }

    /// <summary>A channel for a transfer.</summary>
    /// <exception cref="RtcException">The connection has ended.</exception>
    public RtcDataChannel OpenChannel(string label) => _connection.CreateDataChannel(label);

    /// <summary>Takes the answer to the offer. To an offer that was repeated there may be another one, which says the same.</summary>
    public void HandleAnswer(string sdp)
    {
        lock (_gate)
        {
            if (_pendingOffer is null)
            {
                return;
            }

            _pendingOffer = null;
        }

        try
        {
            _connection.AcceptAnswer(sdp);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            _owner.Warn($"The answer of a peer cannot be used: {e.Message}");
        }
    }

    /// <summary>Takes an address of the peer.</summary>
    public void HandleCandidate(string candidate) => _connection.AddRemoteCandidate(candidate);

    /// <summary>
    /// What to tell the peer to look for new ways to it while the connection and its channels stand (a restart of ICE,
    /// docs/protocol.md §2). Only the side that made the first offer makes another, so that two never meet; the other side
    /// asks for it. Null when there is no connection to restart.
    /// </summary>
    public Introduction? RestartIce()
    {
        if (_connection is not { State: PeerConnectionState.Connected or PeerConnectionState.Disconnected })
        {
            return null;
        }

        if (!IsOfferer)
        {
            return new Introduction.IceRestartRequest(Id);
        }

        // An offer that waits for its answer is repeated: an answer to an older one would not fit a newer one.
        if (Read(static s => s._pendingOffer) is { } pending)
        {
            return pending;
        }

        if (Interlocked.Exchange(ref _isRestarting, 1) == 1)
        {
            return null; // another thread makes the offer
        }

        try
        {
            _connection.RestartIce();
            var offer = new Introduction.Offer(Id, _connection.CreateOffer());
            lock (_gate)
            {
                return _pendingOffer = offer;
            }
        }
        catch (InvalidOperationException)
        {
            return null; // it has ended meanwhile
        }
        finally
        {
            Volatile.Write(ref _isRestarting, 0);
        }
    }

    /// <summary>Answers a later offer of this session; null when it comes out of turn.</summary>
    /// <exception cref="FormatException">The offer cannot be used.</exception>
    public Introduction.Answer? AnswerRestart(string sdp)
    {
        try
        {
            return new Introduction.Answer(Id, _connection.AcceptOffer(sdp));
        }
        catch (InvalidOperationException e)
        {
            _owner.Warn($"The offer of a peer came out of turn: {e.Message}");
            return null;
        }
    }

    /// <summary>What users are told of the connection.</summary>
    /// <param name="peer">What is known of the peer.</param>
    /// <param name="withStatistics">Whether the connection is asked for them, which takes longer.</param>
    public EGoatPeer Describe(EGoatPeer peer, bool withStatistics) => peer with
    {
        State = Read(static s => s._state.IsConnected ? EGoatPeerState.Connected : s._state.IsConnecting ? EGoatPeerState.Connecting : EGoatPeerState.Disconnected),
        Address = _connection.RemoteAddress?.ToString() ?? "",
        ConnectedAt = ConnectedAt,
        Statistics = withStatistics ? PeerStatistics.From(_connection.GetStats()) : null,
    };

    /// <summary>Ends the connection; <see cref="ISessionOwner.OnEnded"/> is not called for it.</summary>
    public async ValueTask CloseAsync()
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            _outgoing.Writer.TryComplete();
            if (!_state.IsEnded)
            {
                _state.End();
            }
        }

        await SayFarewellAsync().WaitAsync(FarewellTimeout, _time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    // A channel is closed when the peer has acknowledged all that was sent over it (RFC 8831 §6.7): a receipt or a bye that was
    // only queued would be lost with the connection.
    private async Task SayFarewellAsync()
    {
        await _writing.ConfigureAwait(false);
        if (_control is { } control && _connection.State == PeerConnectionState.Connected)
        {
            control.Close();
            await control.Closed.ConfigureAwait(false);
        }
    }

    private T Read<T>(Func<PeerSession, T> read)
    {
        lock (_gate)
        {
            return read(this);
        }
    }

    // Channels have no order among each other: one may be here before the peer's hello is read.
    private async Task AdmitWhenIntroducedAsync(RtcDataChannel channel)
    {
        await _introduced.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_introduced.Task.IsCompletedSuccessfully)
        {
            Admit(channel);
        }
        else
        {
            Discard(channel);
        }
    }

    private void Admit(RtcDataChannel channel)
    {
        if (!_owner.OnFileChannel(this, channel))
        {
            Discard(channel);
        }
    }

    private void Discard(RtcDataChannel channel) => _owner.Background.Run(() => channel.CloseAndDiscardAsync(_owner.Stopping));

    private void HandleState(PeerConnectionState state)
    {
        lock (_gate)
        {
            switch (state)
            {
                case PeerConnectionState.Disconnected when _state.IsConnected:
                    _state.FallSilent();
                    break;
                case PeerConnectionState.Connected when _state.IsSilent:
                    _state.Recover();
                    break;
                default:
                    return;
            }
        }

        _owner.OnChanged(this);
    }

    // Both sides say hello, then whatever comes.
    private async Task TalkAsync(RtcDataChannel control)
    {
        Task writing = WriteAsync(control);
        _writing = writing;
        try
        {
            while (await control.ReceiveAsync().ConfigureAwait(false) is { } received)
            {
                using (received)
                {
                    if (!received.IsText || !ControlCodec.TryParse(received.Data, out ControlMessage message))
                    {
                        _owner.Warn("A peer sent a message that cannot be read; it was disconnected.");
                        break;
                    }

                    if (!await HandleAsync(message).ConfigureAwait(false))
                    {
                        break;
                    }
                }
            }
        }
        catch (RtcException)
        {
            // The connection has ended; its events say why.
        }

        _outgoing.Writer.TryComplete();
        await writing.ConfigureAwait(false);
        if (_connection.State == PeerConnectionState.Connected)
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    // False ends the session.
    private async ValueTask<bool> HandleAsync(ControlMessage message)
    {
        if (message is HelloMessage hello)
        {
            return HandleHello(hello);
        }

        if (_introduced.Task.IsCompletedSuccessfully)
        {
            await _owner.OnMessageAsync(this, message).ConfigureAwait(false);
        }

        return true;
    }

    private bool HandleHello(HelloMessage hello)
    {
        if (hello.V > ControlMessage.Version)
        {
            Send(new ByeMessage($"This side speaks version {ControlMessage.Version} of the peer protocol."));
            return false;
        }

        lock (_gate)
        {
            if (_state.IsEnded)
            {
                return false;
            }

            _hello = hello;
            _connectedAt ??= _time.GetUtcNow();
            if (!_state.IsConnected)
            {
                _state.Greet();
            }
        }

        if (!_owner.OnHello(this))
        {
            return false;
        }

        _introduced.TrySetResult();
        return true;
    }

    private async Task WriteAsync(RtcDataChannel control)
    {
        try
        {
            // Made only now: what changes from here on is told after it.
            await control.SendAsync(ControlCodec.Encode(_owner.CreateHello()), isText: true).ConfigureAwait(false);
            await foreach (ControlMessage message in _outgoing.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                await control.SendAsync(ControlCodec.Encode(message), isText: true).ConfigureAwait(false);
            }
        }
        catch (RtcException)
        {
            // The reader of the channel notices too.
        }

        if (_isOverrun)
        {
            _owner.Warn("A peer does not take what is sent to it; it was disconnected.");
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
    }
}
