using EGoat.WebRtc.Stun;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Ice;

// Connectivity checks in protocol order: the peer's request, the answer to ours, nomination, what is sent next.
internal sealed partial class IceAgent
{
    private const int RoleConflictError = 487;

    /// <summary>A nomination of a worse pair counts only this long after the last one of the present pair: before, it is a late datagram.</summary>
    private static readonly TimeSpan NominationReorderingTime = TimeSpan.FromSeconds(2);

    // RFC 8445 section 7.3: the peer checks a pair. What is not authenticated is not answered, so that nobody can be made to
    // send anything by a forged source address.
    private void HandleRequest(TimeSpan now, TransportAddress local, TransportAddress remote, StunMessage request)
    {
        if (!request.TryGetAttribute(StunAttributeType.Username, out ReadOnlySpan<byte> username))
        {
            return;
        }

        byte[] key = LocalCredentials.PasswordBytes;
        if (!IsFor(LocalCredentials, _remoteCredentials, username) || !request.VerifyIntegrity(key))
        {
            _trace?.IfOn?.Write(TraceCategory.Ice, $"check from {remote} with the credentials of another session");
            HandlePreviousRequest(now, local, remote, username, request);
            return;
        }

        CandidatePair? pair = FindPair(local, remote);
        if (pair is null && !_localCandidates.Exists(c => c.Base == local))
        {
            return; // no candidate of this side: who keeps an address from the peer (policy "relay") is not found there either
        }

        if (request.FindUnknownRequiredAttribute() is ushort unknown and not 0)
        {
            Respond(StunResponse.UnknownAttributes(local, remote, request.TransactionId, key, unknown));
            return;
        }

        if (HasLostRoleConflict(request, out bool theyMustSwitch))
        {
            SwitchRole();
        }
        else if (theyMustSwitch)
        {
            Respond(StunResponse.Error(local, remote, request.TransactionId, key, RoleConflictError, "Role Conflict"));
            return;
        }

        _trace?.IfOn?.Write(TraceCategory.Ice, $"check from {remote}{(request.TryGetAttribute(StunAttributeType.UseCandidate, out _) ? ", nominating" : "")}");
        Respond(StunResponse.Success(local, remote, request.TransactionId, key));
        pair ??= AddPeerReflexive(now, local, remote, request);
        if (pair is null)
        {
            return;
        }

        pair.RequestsReceived++;
        pair.ResponsesSent++;
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
        else if (pair.State == CandidatePairState.InProgress && now - LastSent(pair) >= _options.InitialRetransmissionTimeout)
        {
            pair.Transmissions = 1; // a NAT on the way is open now: the pauses begin short again
            pair.Due = now;
        }
    }

    // Consent for the pair of before a restart is given until that has succeeded (RFC 7675 section 5.1), and for no other pair.
    private void HandlePreviousRequest(TimeSpan now, TransportAddress local, TransportAddress remote, ReadOnlySpan<byte> username, StunMessage request)
    {
        if (_previous is { } previous && previous.IsPath(local, remote) && IsFor(previous.LocalCredentials, previous.RemoteCredentials, username) &&
            request.VerifyIntegrity(previous.LocalCredentials.PasswordBytes))
        {
            previous.Pair.LastHeard = now;
            previous.Pair.RequestsReceived++;
            previous.Pair.ResponsesSent++;
            Respond(StunResponse.Success(local, remote, request.TransactionId, previous.LocalCredentials.PasswordBytes));
        }
    }

    private static bool IsFor(IceCredentials local, IceCredentials? remote, ReadOnlySpan<byte> username)
    {
        ReadOnlySpan<byte> ours = local.UsernameFragmentBytes;
        return username.Length > ours.Length && username.StartsWith(ours) && username[ours.Length] == (byte)':' &&
            (remote is null || username[(ours.Length + 1)..].SequenceEqual(remote.UsernameFragmentBytes));
    }

    private CandidatePair? AddPeerReflexive(TimeSpan now, TransportAddress local, TransportAddress remote, StunMessage request)
    {
        if (!request.TryGetUInt32(StunAttributeType.Priority, out uint priority))
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
        _trace?.IfOn?.Write(TraceCategory.Ice, $"role conflict: this side is {(IsControlling ? "controlling" : "controlled")} now");
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
        if (_previous is { } previous && previous.Pair.TransactionId == id)
        {
            HandlePreviousResponse(now, local, remote, previous, response);
            return;
        }

        CandidatePair? pair = _pairs.Find(p => p.Transmissions > 0 && p.TransactionId == id);
        if (pair is null || _remoteCredentials is null || !response.VerifyIntegrity(_remoteCredentials.PasswordBytes))
        {
            return;
        }

        pair.ResponsesReceived++;
        if (pair.Remote.Address != remote || pair.Local.Base != local)
        {
            _trace?.IfOn?.Write(TraceCategory.Ice, $"{Describe(pair)}: the answer came from {remote}");
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

        _trace?.IfOn?.Write(TraceCategory.Ice, $"{Describe(pair)}: answer after {(now - pair.CheckStarted).TotalMilliseconds:F1} ms");
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

    private static void HandlePreviousResponse(TimeSpan now, TransportAddress local, TransportAddress remote, IceGeneration previous, StunMessage response)
    {
        if (previous.IsPath(local, remote) && response.Class == StunClass.SuccessResponse && response.VerifyIntegrity(previous.RemoteCredentials.PasswordBytes))
        {
            previous.Pair.LastHeard = previous.Pair.LastResponse = now;
            previous.Pair.ResponsesReceived++;
        }
    }

    private void HandleErrorResponse(TimeSpan now, CandidatePair pair, StunMessage response)
    {
        pair.Transmissions = 0;
        bool hasCode = response.TryGetErrorCode(out int code);
        _trace?.IfOn?.Write(TraceCategory.Ice, $"{Describe(pair)}: error {code}");
        if (hasCode && code == RoleConflictError)
        {
            // RFC 8445 sections 7.2.5.1 and 16.1. The peer's own check may have settled it meanwhile: only the role that this
            // check stated is given up.
            _tieBreaker = CreateTieBreaker();
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

    // A pair that works already has become better than the one in use.
    private void NominateIfBetter(TimeSpan now)
    {
        if (IsControlling && _pairs.Find(p => p.State == CandidatePairState.Succeeded) is { } best && ShouldNominate(best))
        {
            _nominateAt ??= now;
        }
    }

    // RFC 8445 section 8.1.1: the check is repeated with USE-CANDIDATE.
    private void NominateBest(TimeSpan now)
    {
        CandidatePair? best = _pairs.Find(p => p.State == CandidatePairState.Succeeded);
        if (!IsControlling || best is null || best.IsNominated)
        {
            return;
        }

        best.IsNominating = true;
        best.Transmissions = 0;
        Trigger(now, best);
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

        if (_previous is { } previous && previous.Pair == _selected)
        {
            previous.RetiresAt = now + _options.DisconnectedTimeout;
        }

        bool isSamePath = _selected is not null && _selected.Local.Base == pair.Local.Base && _selected.Remote.Address == pair.Remote.Address;
        _selected = pair;
        pair.Due = now + NextConsentInterval();
        if (!isSamePath)
        {
            SelectedPairChanges++;
            _trace?.IfOn?.Write(TraceCategory.Ice, $"{Describe(pair)} is selected ({pair.Local.Type} to {pair.Remote.Type})");
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

    // The pair that data goes over has consent no more, or another has taken its place.
    private void EndPrevious()
    {
        if (_selected == _previous?.Pair)
        {
            _selected = null;
        }

        _previous = null;
    }

    private void Fail()
    {
        _previous = null;
        _responses.Clear();
        _triggeredChecks.Clear();
        SetState(IceConnectionState.Failed);
    }

    private void SetState(IceConnectionState state)
    {
        if (State != state && State != IceConnectionState.Closed)
        {
            State = state;
            _trace?.IfOn?.Write(TraceCategory.Ice, $"{state}");
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

    // The consent check of the pair from before a restart.
    private bool TryTakePreviousCheck(TimeSpan now, out IceGeneration? previous)
    {
        previous = _previous;
        if (previous is null || previous.RetiresAt is not null || previous.Pair.Due > now)
        {
            return false;
        }

        BeginCheck(now, previous.Pair);
        previous.Pair.ConsentRequestsSent++;
        previous.Pair.Due = now + NextConsentInterval();
        return true;
    }

    // One retransmission, one consent check, or, at most every Ta, one new check (RFC 8445 section 6.1.4.2).
    private bool TryTakeCheck(TimeSpan now, out CandidatePair? pair)
    {
        pair = FindRetransmission(now);
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
            pair.ConsentRequestsSent++;
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

    private CandidatePair? FindRetransmission(TimeSpan now)
    {
        foreach (CandidatePair pair in _pairs)
        {
            if (pair.State == CandidatePairState.InProgress && pair.Due <= now && pair.Transmissions < _options.MaxTransmissions)
            {
                return pair;
            }
        }

        return null;
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

    private TimeSpan LastSent(CandidatePair pair) => pair.Due - RetransmissionTimeout(pair.Transmissions);

    private TimeSpan NextConsentInterval()
    {
        Span<byte> random = stackalloc byte[1];
        _entropy.Fill(random);
        return _options.ConsentInterval * (0.8 + (0.4 * random[0] / byte.MaxValue));
    }

    private int WriteCheck(Span<byte> buffer, CandidatePair pair, byte[] username, IceCredentials remote)
    {
        pair.RequestsSent++;
        _trace?.IfOn?.Write(TraceCategory.Ice, $"{Describe(pair)}: check{(pair.Transmissions > 1 ? $", attempt {pair.Transmissions}" : "")}{(IsControlling && (pair.IsNominating || pair.IsNominated) ? ", nominating" : "")}");
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.BindingMethod, pair.TransactionId);
        writer.Add(StunAttributeType.Username, username);
        writer.Add(StunAttributeType.Priority, IceCandidate.ComputePriority(IceCandidateType.PeerReflexive, (ushort)(pair.Local.Priority >> 8)));
        writer.Add(IsControlling ? StunAttributeType.IceControlling : StunAttributeType.IceControlled, _tieBreaker);
        if (IsControlling && (pair.IsNominating || pair.IsNominated))
        {
            writer.Add(StunAttributeType.UseCandidate, []);
        }

        return writer.Finish(remote.PasswordBytes);
    }
}
