using EGoat.WebRtc.Statistics;
using EGoat.WebRtc.Stun;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Ice;

/// <summary>
/// A full ICE agent for one component (RFC 8445) with trickle (RFC 8838) and consent freshness (RFC 7675). It finds a
/// pair of addresses over which two peers reach each other, and watches over it.
/// </summary>
/// <remarks>
/// It knows nothing of sockets, SDP or DTLS. Local candidates are told to it. Every call takes the present time; between
/// calls only <see cref="NextTimeout"/> changes what it does. Messages are integrity-checked before they change anything.
/// </remarks>
internal sealed partial class IceAgent
{
    /// <summary>Responses that wait to be polled; beyond it the oldest request stays unanswered and is repeated by the peer.</summary>
    private const int MaxQueuedResponses = 16;

    private readonly IceAgentOptions _options;
    private readonly IEntropySource _entropy;
    private ulong _tieBreaker;
    private readonly SubjectTrace? _trace;

    /// <summary>Sorted by priority, highest first.</summary>
    private readonly List<CandidatePair> _pairs = [];
    private readonly List<IceCandidate> _localCandidates = [];
    private readonly List<IceCandidate> _remoteCandidates = [];

    /// <summary>Pairs whose check goes before the ordinary ones (RFC 8445 section 6.1.4.1); no pair is in it twice.</summary>
    private readonly Queue<CandidatePair> _triggeredChecks = new();
    private readonly Queue<StunResponse> _responses = new();
    private readonly Queue<IceEvent> _events = new();

    private IceCredentials? _remoteCredentials;
    private byte[] _outgoingUsername = [];
    private CandidatePair? _selected;

    /// <summary>After a restart: the session before it, until it has retired or consent for it has expired.</summary>
    private IceGeneration? _previous;
    private TimeSpan _started;
    private TimeSpan _nextCheck;
    private TimeSpan? _nominateAt;
    private bool _localEnded;
    private bool _remoteEnded;

    public IceAgent(bool isControlling, IceAgentOptions options, IEntropySource entropy, SubjectTrace? trace = null)
    {
        _trace = trace;
        _options = options;
        _entropy = entropy;
        IsControlling = isControlling;
        _tieBreaker = CreateTieBreaker();
        LocalCredentials = IceCredentials.Create(entropy);
    }

    /// <summary>What the peer must use in its checks; new after <see cref="Restart"/>.</summary>
    public IceCredentials LocalCredentials { get; private set; }

    /// <summary>Whether this side nominates. A role conflict may change it (RFC 8445 section 7.3.1.1).</summary>
    public bool IsControlling { get; private set; }

    public IceConnectionState State { get; private set; }

    /// <summary>Whether data can be sent: on the nominated pair, or before that on the best that works (RFC 8445 section 12.1).</summary>
    public bool HasSelectedPair => _selected is not null;

    /// <summary>The base of the selected pair's local candidate.</summary>
    public TransportAddress SelectedLocal => _selected!.Local.Base;

    public TransportAddress SelectedRemote => _selected!.Remote.Address;

    public IceCandidateType SelectedRemoteType => _selected!.Remote.Type;

    public TimeSpan? RoundTripTime => _selected?.RoundTripTime;

    /// <summary>How often data has changed to another path, the first one included.</summary>
    public long SelectedPairChanges { get; private set; }

    public IReadOnlyList<IceCandidate> LocalCandidates => _localCandidates;

    /// <summary>The peer has said that it has no more candidates (RFC 8838 section 8.2).</summary>
    public bool HasRemoteEndOfCandidates => _remoteEnded;

    /// <summary>When <see cref="HandleTimeout"/> must be called, or <see cref="TryPollTransmit"/> has something to send.</summary>
    public TimeSpan? NextTimeout
    {
        get
        {
            if (State is IceConnectionState.Closed or IceConnectionState.Failed)
            {
                return null;
            }

            if (_responses.Count > 0 || IsExhausted)
            {
                return TimeSpan.Zero;
            }

            TimeSpan? next = _nominateAt;
            if (_previous is { } previous)
            {
                next = Earlier(next, EndOfPrevious(previous));
                next = previous.RetiresAt is null ? Earlier(next, previous.Pair.Due) : next;
            }

            if (_remoteCredentials is not null && HasCheckToStart())
            {
                next = Earlier(next, _nextCheck);
            }

            foreach (CandidatePair pair in _pairs)
            {
                if (pair.State == CandidatePairState.InProgress || (pair == _selected && pair.State == CandidatePairState.Succeeded))
                {
                    next = Earlier(next, pair.Due);
                }
            }

            if (State == IceConnectionState.Connected)
            {
                next = Earlier(next, _selected!.LastHeard + _options.DisconnectedTimeout);
            }

            return State == IceConnectionState.New ? next : Earlier(next, FailureTime);
        }
    }

    /// <summary>When consent expires, or the first pair must work. While the pair of before a restart works, nothing has failed.</summary>
    private TimeSpan FailureTime => (_selected is { } selected && selected.LastResponse > _started ? selected.LastResponse : _started) + _options.FailedTimeout;

    /// <summary>Neither side has more candidates, and every pair has failed.</summary>
    private bool IsExhausted => State == IceConnectionState.Checking && _selected is null && _localEnded && _remoteEnded && _remoteCredentials is not null &&
        _pairs.Count > 0 && _pairs.TrueForAll(p => p.State == CandidatePairState.Failed);

    /// <summary>Sets the credentials from the peer's description. Checks begin, once there are pairs.</summary>
    public void SetRemoteCredentials(TimeSpan now, IceCredentials credentials)
    {
        if (_remoteCredentials is null)
        {
            _started = now;
        }

        _remoteCredentials = credentials;
        RemoveCandidatesOfOtherSessions();
        _outgoingUsername = [.. credentials.UsernameFragmentBytes, (byte)':', .. LocalCredentials.UsernameFragmentBytes];
        StartChecking(now);
    }

    /// <summary>Adds a candidate of this side, and pairs it.</summary>
    public void AddLocalCandidate(TimeSpan now, IceCandidate candidate)
    {
        if (!_options.Allows(candidate.Address))
        {
            return;
        }

        _localCandidates.Add(candidate);
        _trace?.IfOn?.Write(TraceCategory.Ice, $"local candidate {candidate.Address} ({candidate.Type})");
        foreach (IceCandidate remote in _remoteCandidates)
        {
            AddPair(candidate, remote);
        }

        StartChecking(now);
    }

    /// <summary>
    /// An address of this side is gone. Pairs stay: those of a socket of all addresses work from another one, and the others
    /// fail by themselves.
    /// </summary>
    public void RemoveLocalCandidate(IceCandidate candidate) => _localCandidates.Remove(candidate);

    /// <summary>Adds a candidate of the peer, before or after its credentials, in any order; repeated ones and those of another session change nothing.</summary>
    public void AddRemoteCandidate(TimeSpan now, IceCandidate candidate)
    {
        if (State is IceConnectionState.Closed or IceConnectionState.Failed || !_options.Allows(candidate.Address) || IsOfAnotherSession(candidate))
        {
            return;
        }

        int known = _remoteCandidates.FindIndex(c => c.Address == candidate.Address);
        if (known >= 0)
        {
            // A check was faster than signaling: the pair keeps its state and learns its true type.
            if (_remoteCandidates[known].Type == IceCandidateType.PeerReflexive && candidate.Type != IceCandidateType.PeerReflexive)
            {
                IceCandidate reflexive = _remoteCandidates[known];
                _remoteCandidates[known] = candidate;
                foreach (CandidatePair pair in _pairs.Where(p => p.Remote == reflexive))
                {
                    pair.Remote = candidate;
                }

                SortPairs();
                NominateIfBetter(now);
            }

            return;
        }

        if (_remoteCandidates.Count >= _options.MaxRemoteCandidates)
        {
            return;
        }

        _remoteCandidates.Add(candidate);
        _trace?.IfOn?.Write(TraceCategory.Ice, $"remote candidate {candidate.Address} ({candidate.Type})");
        foreach (IceCandidate local in _localCandidates)
        {
            AddPair(local, candidate);
        }

        StartChecking(now);
    }

    /// <summary>The peer has no more candidates.</summary>
    public void SetRemoteEndOfCandidates() => _remoteEnded = true;

    /// <summary>This side has no more candidates: with the peer's end of candidates, the state is Failed once every pair has failed.</summary>
    public void SetLocalEndOfCandidates() => _localEnded = true;

    /// <summary>
    /// Whether the peer has proved that it receives at this address: data from elsewhere is not for this connection, and
    /// must not be answered.
    /// </summary>
    public bool IsValidatedRemote(TransportAddress remote)
    {
        if (_selected?.Remote.Address == remote || _previous?.Pair.Remote.Address == remote)
        {
            return true;
        }

        foreach (CandidatePair pair in _pairs)
        {
            if (pair.IsRemoteValidated && pair.Remote.Address == remote)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Data was sent over the selected pair.</summary>
    public void OnDataSent(int bytes, int packets)
    {
        _selected!.PacketsSent += packets;
        _selected.BytesSent += bytes;
    }

    /// <summary>Data came in from a validated remote address.</summary>
    public void OnDataReceived(TransportAddress local, TransportAddress remote, int bytes, int packets)
    {
        CandidatePair? pair = _selected is { } selected && selected.Remote.Address == remote && selected.Local.Base == local ? selected : FindPair(local, remote);
        if (pair is not null)
        {
            pair.PacketsReceived += packets;
            pair.BytesReceived += bytes;
        }
    }

    /// <summary>All pairs as snapshots, best first, and the selected one, which may be that of before a restart.</summary>
    public IReadOnlyList<IceCandidatePairStats> GetStats(out IceCandidatePairStats? selected)
    {
        var pairs = _pairs.ConvertAll(p => p.GetStats());
        int index = _selected is null ? -1 : _pairs.IndexOf(_selected);
        selected = index >= 0 ? pairs[index] : _selected?.GetStats();
        return pairs;
    }

    /// <summary>Takes a datagram. True when it was STUN, even if it was dropped.</summary>
    /// <param name="now">The present time.</param>
    /// <param name="local">The base that it came in on.</param>
    /// <param name="remote">Where it came from.</param>
    /// <param name="datagram">The whole datagram.</param>
    public bool HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, ReadOnlySpan<byte> datagram)
    {
        if (!StunMessage.IsStun(datagram))
        {
            return false;
        }

        if (State is not (IceConnectionState.Closed or IceConnectionState.Failed) && _options.Allows(remote) && StunMessage.TryParse(datagram, out StunMessage message) &&
            message.Method == StunMessage.BindingMethod && message.HasValidFingerprint())
        {
            switch (message.Class)
            {
                case StunClass.Request:
                    HandleRequest(now, local, remote, message);
                    break;
                case StunClass.SuccessResponse:
                case StunClass.ErrorResponse:
                    HandleResponse(now, local, remote, message);
                    break;
                default:
                    break; // an indication only keeps NAT bindings alive (RFC 8445 section 11)
            }
        }

        return true;
    }

    /// <summary>Lets time pass: checks that were given up, nomination, silence.</summary>
    public void HandleTimeout(TimeSpan now)
    {
        if (State is IceConnectionState.Closed or IceConnectionState.Failed or IceConnectionState.New)
        {
            return;
        }

        foreach (CandidatePair pair in _pairs)
        {
            if (pair.State == CandidatePairState.InProgress && pair.Due <= now && pair.Transmissions >= _options.MaxTransmissions)
            {
                // While the peer is away every path is tried over and over: one of them may come back.
                _trace?.IfOn?.Write(TraceCategory.Ice, $"{Describe(pair)}: no answer to {pair.Transmissions} checks");
                pair.State = State == IceConnectionState.Disconnected ? CandidatePairState.Waiting : CandidatePairState.Failed;
                pair.IsNominating = false;
            }
        }

        if (_nominateAt <= now)
        {
            _nominateAt = null;
            NominateBest(now);
        }

        if (State == IceConnectionState.Connected && _selected!.LastHeard + _options.DisconnectedTimeout <= now)
        {
            SetState(IceConnectionState.Disconnected);
            CheckAllAgain();
        }

        if (_previous is { } previous && EndOfPrevious(previous) <= now)
        {
            EndPrevious();
        }

        if (FailureTime <= now || IsExhausted)
        {
            Fail();
        }
    }

    /// <summary>Writes the next STUN message to send, if there is one now.</summary>
    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (_responses.TryDequeue(out StunResponse? response))
        {
            int length = response.Write(buffer);
            transmit = new Transmit(response.Local, response.Remote, length, length);
            return true;
        }

        if (State is IceConnectionState.Closed or IceConnectionState.Failed)
        {
            return false;
        }

        CandidatePair? pair;
        int written;
        if (TryTakePreviousCheck(now, out IceGeneration? previous))
        {
            pair = previous!.Pair;
            written = WriteCheck(buffer, pair, previous.OutgoingUsername, previous.RemoteCredentials);
        }
        else if (_remoteCredentials is not null && TryTakeCheck(now, out pair))
        {
            written = WriteCheck(buffer, pair!, _outgoingUsername, _remoteCredentials);
        }
        else
        {
            return false;
        }

        transmit = new Transmit(pair!.Local.Base, pair.Remote.Address, written, written);
        return true;
    }

    public bool TryPollEvent(out IceEvent e) => _events.TryDequeue(out e);

    /// <summary>
    /// Begins a new session (RFC 8445 section 9): new credentials for this side; the peer's credentials and candidates are to
    /// be told anew. Until the new session has a pair, the selected one carries data, and consent for it is kept.
    /// </summary>
    /// <remarks>The roles stay. When it never finds a pair, the state stays Checking for as long as the old pair works.</remarks>
    public void Restart(TimeSpan now)
    {
        if (State == IceConnectionState.Closed)
        {
            return;
        }

        if (State is IceConnectionState.Connected or IceConnectionState.Disconnected)
        {
            CandidatePair pair = _selected!;
            pair.State = CandidatePairState.Succeeded;
            pair.IsNominated = pair.IsNominating = false;
            _previous = new IceGeneration(LocalCredentials, _remoteCredentials!, _outgoingUsername, pair);
        }
        else if (State == IceConnectionState.Failed)
        {
            _selected = null;
        }

        _trace?.IfOn?.Write(TraceCategory.Ice, "restart: a new session begins");
        LocalCredentials = IceCredentials.Create(_entropy);
        _remoteCredentials = null;
        _remoteEnded = false;
        _remoteCandidates.Clear();
        _pairs.Clear();
        _triggeredChecks.Clear();
        _responses.Clear();
        _nominateAt = null;
        _started = now;
        SetState(State == IceConnectionState.New ? State : IceConnectionState.Checking);
    }

    /// <summary>Stops everything; nothing is sent any more.</summary>
    public void Close()
    {
        _responses.Clear();
        _triggeredChecks.Clear();
        SetState(IceConnectionState.Closed);
    }

    /// <summary>The state and all pairs, for diagnostics.</summary>
    public override string ToString() => $"{(IsControlling ? "controlling" : "controlled")} {State}, selected {_selected}, pairs {string.Join(", ", _pairs)}";

    private static string Describe(CandidatePair pair) => $"{pair.Local.Address} -> {pair.Remote.Address}";

    private static TimeSpan Earlier(TimeSpan? a, TimeSpan b) => a < b ? a.Value : b;

    // Before the peer's credentials are known, only those of the session before tell what is out of date.
    private bool IsOfAnotherSession(IceCandidate candidate) => candidate.UsernameFragment is { } fragment &&
        (_remoteCredentials is not null ? fragment != _remoteCredentials.UsernameFragment : fragment == _previous?.RemoteCredentials.UsernameFragment);

    private void RemoveCandidatesOfOtherSessions()
    {
        foreach (IceCandidate candidate in _remoteCandidates.FindAll(IsOfAnotherSession))
        {
            // A check with this session's password has come from some of them: those are right all the same.
            if (!_pairs.Exists(p => p.Remote == candidate && p.IsRemoteValidated))
            {
                _remoteCandidates.Remove(candidate);
                _pairs.RemoveAll(p => p.Remote == candidate);
            }
        }
    }

    // RFC 8445 section 5.1.1.1 forbids loopback addresses. Two peers of one machine may use them; from others they would only have
    // this machine's own services probed.
    private static bool CanPair(IceCandidate local, TransportAddress remote) =>
        local.Base.IsIPv6 == remote.IsIPv6 && (!remote.IsLoopback || local.Address.IsLoopback);

    private TimeSpan EndOfPrevious(IceGeneration previous) => previous.RetiresAt ?? (previous.Pair.LastResponse + _options.FailedTimeout);

    private ulong CreateTieBreaker()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        _entropy.Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    }

    private void StartChecking(TimeSpan now)
    {
        if (State == IceConnectionState.New && _remoteCredentials is not null)
        {
            _started = now;
            SetState(IceConnectionState.Checking);
        }

        if (_nextCheck < now)
        {
            _nextCheck = now;
        }
    }

    private void AddPair(IceCandidate local, IceCandidate remote)
    {
        // Candidates of one socket make the same path; the best of them stands for all (RFC 8445 section 6.1.2.4).
        if (!CanPair(local, remote.Address) || _pairs.Exists(p => p.Local.Base == local.Base && p.Remote.Address == remote.Address))
        {
            return;
        }

        _pairs.Add(new CandidatePair(local, remote));
        SortPairs();
        if (_pairs.Count > _options.MaxPairs)
        {
            int worst = _pairs.FindLastIndex(p => p.State is CandidatePairState.Waiting or CandidatePairState.Failed);
            _pairs.RemoveAt(worst < 0 ? _pairs.Count - 1 : worst);
        }
    }

    private void SortPairs() => _pairs.Sort((a, b) => b.GetPriority(IsControlling).CompareTo(a.GetPriority(IsControlling)));

    private CandidatePair? FindPair(TransportAddress local, TransportAddress remote) =>
        _pairs.Find(p => p.Remote.Address == remote && p.Local.Base == local);
}
