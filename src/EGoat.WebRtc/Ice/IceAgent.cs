using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Ice;

/// <summary>
/// A full ICE agent for one component (RFC 8445) with trickle (RFC 8838) and consent freshness (RFC 7675). It finds a
/// pair of addresses over which two peers reach each other, and watches over it.
/// </summary>
/// <remarks>
/// It knows nothing of sockets, SDP or DTLS. Local candidates are told to it. Every call takes the present time; between
/// calls only <see cref="NextTimeout"/> changes what it does. Messages are integrity-checked before they change anything.
/// </remarks>
internal sealed class IceAgent
{
    /// <summary>Responses that wait to be polled; beyond it the oldest request stays unanswered and is repeated by the peer.</summary>
    private const int MaxQueuedResponses = 16;

    private const int RoleConflictError = 487;

    /// <summary>A nomination of a worse pair counts only this long after the last one of the present pair: before, it is a late datagram.</summary>
    private static readonly TimeSpan NominationReorderingTime = TimeSpan.FromSeconds(2);

    private readonly IceAgentOptions _options;
    private readonly IEntropySource _entropy;
    private readonly ulong _tieBreaker;

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
    private TimeSpan _started;
    private TimeSpan _nextCheck;
    private TimeSpan? _nominateAt;
    private bool _remoteEnded;

    public IceAgent(bool isControlling, IceAgentOptions options, IEntropySource entropy)
    {
        _options = options;
        _entropy = entropy;
        IsControlling = isControlling;
        Span<byte> tieBreaker = stackalloc byte[sizeof(ulong)];
        entropy.Fill(tieBreaker);
        _tieBreaker = BitConverter.ToUInt64(tieBreaker);
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

            if (_responses.Count > 0)
            {
                return TimeSpan.Zero;
            }

            TimeSpan? next = _nominateAt;
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

    /// <summary>When consent expires, or the first pair must work.</summary>
    private TimeSpan FailureTime => (_selected is null || State == IceConnectionState.Checking ? _started : _selected.LastResponse) + _options.FailedTimeout;

    /// <summary>Sets the credentials from the peer's description. Checks begin, once there are pairs.</summary>
    public void SetRemoteCredentials(TimeSpan now, IceCredentials credentials)
    {
        _remoteCredentials = credentials;
        _outgoingUsername = [.. credentials.UsernameFragmentBytes, (byte)':', .. LocalCredentials.UsernameFragmentBytes];
        StartChecking(now);
    }

    /// <summary>Adds a candidate of this side, and pairs it.</summary>
    public void AddLocalCandidate(TimeSpan now, IceCandidate candidate)
    {
        _localCandidates.Add(candidate);
        foreach (IceCandidate remote in _remoteCandidates)
        {
            AddPair(candidate, remote);
        }

        StartChecking(now);
    }

    /// <summary>Adds a candidate of the peer, before or after its credentials, in any order; repeated ones change nothing.</summary>
    public void AddRemoteCandidate(TimeSpan now, IceCandidate candidate)
    {
        if (State is IceConnectionState.Closed or IceConnectionState.Failed)
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
            }

            return;
        }

        if (_remoteCandidates.Count >= _options.MaxRemoteCandidates)
        {
            return;
        }

        _remoteCandidates.Add(candidate);
        foreach (IceCandidate local in _localCandidates)
        {
            AddPair(local, candidate);
        }

        StartChecking(now);
    }

    /// <summary>The peer has no more candidates.</summary>
    public void SetRemoteEndOfCandidates() => _remoteEnded = true;

    /// <summary>
    /// Whether the peer has proved that it receives at this address: data from elsewhere is not for this connection, and
    /// must not be answered.
    /// </summary>
    public bool IsValidatedRemote(TransportAddress remote)
    {
        if (_selected is { } selected && selected.Remote.Address == remote)
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

        if (State is not (IceConnectionState.Closed or IceConnectionState.Failed) && StunMessage.TryParse(datagram, out StunMessage message) &&
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
                pair.State = State == IceConnectionState.Disconnected ? CandidatePairState.Waiting : CandidatePairState.Failed;
                pair.IsNominating = false;
            }
        }

        if (_nominateAt <= now)
        {
            _nominateAt = null;
            NominateBest();
        }

        if (State == IceConnectionState.Connected && _selected!.LastHeard + _options.DisconnectedTimeout <= now)
        {
            SetState(IceConnectionState.Disconnected);
            CheckAllAgain();
        }

        if (FailureTime <= now)
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
            int length = response.Write(buffer, LocalCredentials.PasswordBytes);
            transmit = new Transmit(response.Local, response.Remote, length, length);
            return true;
        }

        if (_remoteCredentials is null || State is IceConnectionState.Closed or IceConnectionState.Failed || !TryTakeCheck(now, out CandidatePair? pair))
        {
            return false;
        }

        int written = WriteCheck(buffer, pair!);
        transmit = new Transmit(pair!.Local.Base, pair.Remote.Address, written, written);
        return true;
    }

    public bool TryPollEvent(out IceEvent e) => _events.TryDequeue(out e);

    /// <summary>New credentials and candidates (RFC 8445 section 9); the selected pair carries data until another one is found.</summary>
    public void Restart(TimeSpan now)
    {
        LocalCredentials = IceCredentials.Create(_entropy);
        _remoteCredentials = null;
        _remoteEnded = false;
        _remoteCandidates.Clear();
        _pairs.Clear();
        _triggeredChecks.Clear();
        _responses.Clear();
        _nominateAt = null;
        _started = now;
        SetState(IceConnectionState.Checking);
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

    private static TimeSpan Earlier(TimeSpan? a, TimeSpan b) => a < b ? a.Value : b;

    private static bool CanPair(TransportAddress local, TransportAddress remote) => local.IsIPv6 == remote.IsIPv6;

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
        if (!CanPair(local.Base, remote.Address) || _pairs.Exists(p => p.Local.Base == local.Base && p.Remote.Address == remote.Address))
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

    // RFC 8445 section 7.3: the peer checks a pair.
    private void HandleRequest(TimeSpan now, TransportAddress local, TransportAddress remote, StunMessage request)
    {
        if (!request.TryGetAttribute(StunAttributeType.Username, out ReadOnlySpan<byte> username) || !IsForUs(username) ||
            !request.VerifyIntegrity(LocalCredentials.PasswordBytes))
        {
            return; // not answered, so that nobody can be made to send anything by a forged source address
        }

        if (request.FindUnknownRequiredAttribute() is ushort unknown and not 0)
        {
            Respond(StunResponse.UnknownAttributes(local, remote, request.TransactionId, unknown));
            return;
        }

        if (HasLostRoleConflict(request, out bool theyMustSwitch))
        {
            SwitchRole();
        }
        else if (theyMustSwitch)
        {
            Respond(StunResponse.Error(local, remote, request.TransactionId, RoleConflictError, "Role Conflict"));
            return;
        }

        Respond(StunResponse.Success(local, remote, request.TransactionId));
        if ((FindPair(local, remote) ?? AddPeerReflexive(now, local, remote, request)) is not { } pair)
        {
            return;
        }

        pair.IsRemoteValidated = true;
        pair.LastHeard = now;
        if (!IsControlling && request.TryGetAttribute(StunAttributeType.UseCandidate, out _))
        {
            HandleNomination(now, pair);
        }

        // RFC 8445 section 7.3.1.4: check the path back at once.
        if (pair.State is CandidatePairState.Waiting or CandidatePairState.Failed)
        {
            pair.State = CandidatePairState.Waiting;
            Trigger(now, pair);
        }

    }

    private bool IsForUs(ReadOnlySpan<byte> username)
    {
        ReadOnlySpan<byte> ours = LocalCredentials.UsernameFragmentBytes;
        return username.Length > ours.Length && username.StartsWith(ours) && username[ours.Length] == (byte)':' &&
            (_remoteCredentials is null || username[(ours.Length + 1)..].SequenceEqual(_remoteCredentials.UsernameFragmentBytes));
    }

    private CandidatePair? AddPeerReflexive(TimeSpan now, TransportAddress local, TransportAddress remote, StunMessage request)
    {
        if (!request.TryGetUInt32(StunAttributeType.Priority, out uint priority) || !_localCandidates.Exists(c => c.Base == local))
        {
            return null;
        }

        AddRemoteCandidate(now, IceCandidate.CreatePeerReflexive(remote, Math.Clamp(priority, 1, int.MaxValue)));
        return FindPair(local, remote);
    }

    // RFC 8445 section 7.3.1.1. Equal tie-breakers cannot both belong to honest agents.
    private bool HasLostRoleConflict(StunMessage request, out bool theyMustSwitch)
    {
        StunAttributeType sameRole = IsControlling ? StunAttributeType.IceControlling : StunAttributeType.IceControlled;
        theyMustSwitch = false;
        if (!request.TryGetUInt64(sameRole, out ulong theirs))
        {
            return false;
        }

        bool weAreLarger = _tieBreaker >= theirs;
        theyMustSwitch = IsControlling == weAreLarger;
        return !theyMustSwitch;
    }

    private void SwitchRole()
    {
        IsControlling = !IsControlling;
        _nominateAt = null;
        foreach (CandidatePair pair in _pairs)
        {
            pair.IsNominating = false;
        }

        SortPairs();
    }

    // RFC 8445 section 7.3.1.5. A better pair wins, and a worse one when the controlling side has left the present one.
    private void HandleNomination(TimeSpan now, CandidatePair pair)
    {
        if (_selected is { IsNominated: true } selected && pair != selected && !IsBetter(pair, selected) &&
            now - selected.LastNominated < NominationReorderingTime)
        {
            return;
        }

        pair.LastNominated = now;
        if (pair.State == CandidatePairState.Succeeded)
        {
            pair.IsNominated = true;
            Select(now, pair);
        }
        else
        {
            pair.IsNominating = true;
        }
    }

    // RFC 8445 section 7.2.5: an answer to a check of ours.
    private void HandleResponse(TimeSpan now, TransportAddress local, TransportAddress remote, StunMessage response)
    {
        StunTransactionId id = response.TransactionId;
        CandidatePair? pair = _pairs.Find(p => p.Transmissions > 0 && p.TransactionId == id);
        if (pair is null || _remoteCredentials is null || !response.VerifyIntegrity(_remoteCredentials.PasswordBytes))
        {
            return;
        }

        if (pair.Remote.Address != remote || pair.Local.Base != local)
        {
            pair.State = CandidatePairState.Failed; // RFC 8445 section 7.2.5.2.1: not symmetric
            return;
        }

        if (response.Class == StunClass.ErrorResponse)
        {
            HandleErrorResponse(now, pair, response);
            return;
        }

        if (pair.Transmissions == 1)
        {
            pair.RoundTripTime = now - pair.CheckStarted;
        }

        pair.State = CandidatePairState.Succeeded;
        pair.Transmissions = 0;
        pair.IsRemoteValidated = true;
        pair.LastHeard = pair.LastResponse = now;
        pair.Due = now + NextConsentInterval();
        if (pair.IsNominating)
        {
            pair.IsNominating = false;
            pair.IsNominated = true;
        }

        if (pair.IsNominated || _selected is not { State: CandidatePairState.Succeeded } || !_pairs.Contains(_selected) || IsBetterUnnominated(pair))
        {
            Select(now, pair);
        }

        if (State is IceConnectionState.Checking or IceConnectionState.Disconnected)
        {
            SetState(IceConnectionState.Connected);
        }

        if (IsControlling && ShouldNominate(pair))
        {
            bool hasBetter = _pairs.Exists(p => p.State is CandidatePairState.Waiting or CandidatePairState.InProgress && IsBetter(p, pair));
            _nominateAt ??= hasBetter ? now + _options.NominationDelay : now;
            HandleTimeout(now);
        }
    }

    private void HandleErrorResponse(TimeSpan now, CandidatePair pair, StunMessage response)
    {
        pair.Transmissions = 0;
        if (response.TryGetErrorCode(out int code) && code == RoleConflictError)
        {
            // RFC 8445 section 7.2.5.1. The peer's own check may have settled it meanwhile: only the role that this check
            // stated is given up.
            if (pair.CheckedAsControlling == IsControlling)
            {
                SwitchRole();
            }

            pair.State = CandidatePairState.Waiting;
            Trigger(now, pair);
        }
        else
        {
            pair.State = CandidatePairState.Failed;
        }
    }

    private bool IsBetter(CandidatePair a, CandidatePair b) => a.GetPriority(IsControlling) > b.GetPriority(IsControlling);

    private bool IsBetterUnnominated(CandidatePair pair) => !_selected!.IsNominated && IsBetter(pair, _selected);

    private bool ShouldNominate(CandidatePair pair) =>
        !pair.IsNominated && !_pairs.Exists(p => p.IsNominated && p.State == CandidatePairState.Succeeded && !IsBetter(pair, p));

    // RFC 8445 section 8.1.1: the check is repeated with USE-CANDIDATE.
    private void NominateBest()
    {
        CandidatePair? best = _pairs.Find(p => p.State == CandidatePairState.Succeeded);
        if (!IsControlling || best is null || best.IsNominated)
        {
            return;
        }

        best.IsNominating = true;
        best.Transmissions = 0;
        _triggeredChecks.Enqueue(best);
    }

    private void Select(TimeSpan now, CandidatePair pair)
    {
        if (pair.IsNominated)
        {
            foreach (CandidatePair other in _pairs)
            {
                other.IsNominated = other == pair;
                other.IsNominating = false;
            }
        }

        if (_selected == pair)
        {
            return;
        }

        bool isSamePath = _selected is not null && _selected.Local.Base == pair.Local.Base && _selected.Remote.Address == pair.Remote.Address;
        _selected = pair;
        pair.Due = now + NextConsentInterval();
        if (!isSamePath)
        {
            _events.Enqueue(new IceEvent(IceEventType.SelectedPairChanged, State));
        }
    }

    // What worked works no more: whichever pair succeeds first is taken, and nominated anew.
    private void CheckAllAgain()
    {
        foreach (CandidatePair pair in _pairs)
        {
            pair.IsNominated = false;
            pair.Transmissions = 0;
            pair.State = CandidatePairState.Waiting;
        }
    }

    private void Fail()
    {
        _responses.Clear();
        _triggeredChecks.Clear();
        SetState(IceConnectionState.Failed);
    }

    private void SetState(IceConnectionState state)
    {
        if (State != state && State != IceConnectionState.Closed)
        {
            State = state;
            _events.Enqueue(new IceEvent(IceEventType.StateChanged, state));
        }
    }

    private void Respond(StunResponse response)
    {
        if (_responses.Count >= MaxQueuedResponses)
        {
            _responses.Dequeue();
        }

        _responses.Enqueue(response);
    }

    private void Trigger(TimeSpan now, CandidatePair pair)
    {
        if (!_triggeredChecks.Contains(pair))
        {
            _triggeredChecks.Enqueue(pair);
        }

        StartChecking(now);
    }

    private bool HasCheckToStart() => _triggeredChecks.Count > 0 || _pairs.Exists(p => p.State == CandidatePairState.Waiting);

    // One retransmission, one consent check, or, at most every Ta, one new check (RFC 8445 section 6.1.4.2).
    private bool TryTakeCheck(TimeSpan now, out CandidatePair? pair)
    {
        pair = _pairs.Find(p => p.State == CandidatePairState.InProgress && p.Due <= now && p.Transmissions < _options.MaxTransmissions);
        if (pair is not null)
        {
            pair.Transmissions++;
            pair.Due = now + RetransmissionTimeout(pair.Transmissions);
            return true;
        }

        if (_selected is { State: CandidatePairState.Succeeded } selected && selected.Due <= now && State != IceConnectionState.Checking)
        {
            pair = selected;
            BeginCheck(now, pair);
            pair.Due = now + NextConsentInterval();
            return true;
        }

        if (_nextCheck > now)
        {
            return false;
        }

        if (!_triggeredChecks.TryDequeue(out pair))
        {
            pair = _pairs.Find(p => p.State == CandidatePairState.Waiting);
        }

        if (pair is null)
        {
            return false;
        }

        BeginCheck(now, pair);
        pair.State = CandidatePairState.InProgress;
        pair.Due = now + RetransmissionTimeout(1);
        _nextCheck = now + _options.PacingInterval;
        return true;
    }

    private void BeginCheck(TimeSpan now, CandidatePair pair)
    {
        pair.TransactionId = StunTransactionId.Create(_entropy);
        pair.Transmissions = 1;
        pair.CheckStarted = now;
        pair.CheckedAsControlling = IsControlling;
    }

    private TimeSpan RetransmissionTimeout(int transmissions) =>
        _options.InitialRetransmissionTimeout * (1 << Math.Min(transmissions - 1, 4));

    private TimeSpan NextConsentInterval()
    {
        Span<byte> random = stackalloc byte[1];
        _entropy.Fill(random);
        return _options.ConsentInterval * (0.8 + (0.4 * random[0] / byte.MaxValue));
    }

    private int WriteCheck(Span<byte> buffer, CandidatePair pair)
    {
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.BindingMethod, pair.TransactionId);
        writer.Add(StunAttributeType.Username, _outgoingUsername);
        writer.Add(StunAttributeType.Priority, IceCandidate.ComputePriority(IceCandidateType.PeerReflexive, (ushort)(pair.Local.Priority >> 8)));
        writer.Add(IsControlling ? StunAttributeType.IceControlling : StunAttributeType.IceControlled, _tieBreaker);
        if (IsControlling && (pair.IsNominating || pair.IsNominated))
        {
            writer.Add(StunAttributeType.UseCandidate, []);
        }

        return writer.Finish(_remoteCredentials!.PasswordBytes);
    }
}
