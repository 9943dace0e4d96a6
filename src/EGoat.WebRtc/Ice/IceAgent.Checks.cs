using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Ice;

// Connectivity checks in protocol order: the peer's request, the answer to ours, nomination, what is sent next.
internal sealed partial class IceAgent
{
    private const int RoleConflictError = 487;

    /// <summary>A nomination of a worse pair counts only this long after the last one of the present pair: before, it is a late datagram.</summary>
    private static readonly TimeSpan NominationReorderingTime = TimeSpan.FromSeconds(2);

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
