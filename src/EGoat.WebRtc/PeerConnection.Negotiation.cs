using System.Buffers.Binary;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Sdp;

namespace EGoat.WebRtc;

// Offer and answer (RFC 8829): the first exchange begins the connection, later ones restart ICE.
public sealed partial class PeerConnection
{
    /// <summary>Candidates kept while the peer's offer is still on its way; those beyond it are refused.</summary>
    private const int MaxEarlyCandidates = 64;

    private readonly List<string> _earlyCandidates = [];

    /// <summary>What every description of this side has in common with the first offer: sections, names.</summary>
    private SessionDescription _sections = new();
    private IReadOnlyList<DtlsFingerprint> _remoteFingerprints = [];
    private IceCredentials? _remoteCredentials;
    private DtlsRole _role;
    private ulong _sessionId;
    private int _sessionVersion;
    private bool _hasRemoteDescription;
    private bool _isOfferPending;
    private bool _isRestartWanted;

    /// <summary>
    /// The next <see cref="CreateOffer"/> begins a new ICE session (W3C restartIce, RFC 8445 section 9): for when addresses
    /// of this side have changed, or the peer is silent. DTLS, SCTP and the channels go on; until there is a new path, data
    /// takes the old one. Without a description yet it does nothing.
    /// </summary>
    public void RestartIce() => _isRestartWanted = _ice is not null;

    /// <summary>
    /// Makes the offer (RFC 8829 section 5.2). The side that makes the first one controls ICE. After <see cref="RestartIce"/>
    /// it makes another, which replaces one that was not answered.
    /// </summary>
    /// <exception cref="InvalidOperationException">A description was made before, or the connection has ended.</exception>
    public string CreateOffer(TimeSpan now)
    {
        ThrowIfEnded();
        if (_ice is null)
        {
            CreateIceAgent(now, isControlling: true);
        }
        else if (_isRestartWanted)
        {
            _ice.Restart(now);
        }
        else
        {
            throw new InvalidOperationException("The connection has a description already; another offer takes a restart of ICE.");
        }

        _isRestartWanted = false;
        _isOfferPending = true;
        return Describe(DtlsSetup.ActPass);
    }

    /// <summary>Takes the peer's offer and makes the answer to it (RFC 8829 section 5.3). A later offer with another ufrag restarts ICE.</summary>
    /// <exception cref="FormatException">The offer has no usable section for data channels, or changes what takes a new connection.</exception>
    /// <exception cref="InvalidOperationException">An offer of this side waits for its answer, or the connection has ended.</exception>
    public string AcceptOffer(TimeSpan now, string sdp)
    {
        ThrowIfEnded();
        if (_isOfferPending)
        {
            throw new InvalidOperationException("Both sides have made an offer: only one of them may.");
        }

        SessionDescription offer = Parse(sdp, "offer");
        if (_hasRemoteDescription)
        {
            CheckFingerprint(offer, "offer");
            if (offer.Setup == (_role == DtlsRole.Client ? DtlsSetup.Active : DtlsSetup.Passive))
            {
                throw new FormatException("The peer's offer cannot be used: it exchanges the roles of DTLS, which takes a new connection.");
            }
        }
        else
        {
            // RFC 8445 section 6.1.1: a lite agent never controls.
            CreateIceAgent(now, isControlling: offer.IsIceLite);
            _role = offer.Setup == DtlsSetup.Active ? DtlsRole.Server : DtlsRole.Client;
        }

        if (_hasRemoteDescription && offer.IceCredentials != _remoteCredentials)
        {
            _ice!.Restart(now);
        }

        _sections = new SessionDescription { Mid = offer.Mid, Sections = offer.Sections, HasBundleGroup = offer.HasBundleGroup, Protocol = offer.Protocol };
        string answer = Describe(_role == DtlsRole.Client ? DtlsSetup.Active : DtlsSetup.Passive);
        ApplyRemote(now, offer);
        return answer;
    }

    /// <summary>Takes the peer's answer.</summary>
    /// <exception cref="FormatException">The answer has no usable section for data channels, or changes what takes a new connection.</exception>
    /// <exception cref="InvalidOperationException">No offer was made, or it was answered before, or the connection has ended.</exception>
    public void AcceptAnswer(TimeSpan now, string sdp)
    {
        ThrowIfEnded();
        if (!_isOfferPending)
        {
            throw new InvalidOperationException("There is no offer that waits for an answer.");
        }

        SessionDescription answer = Parse(sdp, "answer");
        if (answer.Setup == DtlsSetup.ActPass)
        {
            throw new FormatException("The peer's answer cannot be used: it does not say who opens the DTLS connection (a=setup).");
        }

        if (_hasRemoteDescription)
        {
            // Some stacks choose their role anew for every answer. With the same certificate the DTLS association goes on, and with
            // it the roles (RFC 8842 section 5.3).
            CheckFingerprint(answer, "answer");
        }
        else
        {
            _role = answer.Setup == DtlsSetup.Active ? DtlsRole.Server : DtlsRole.Client;
        }

        _isOfferPending = false;
        ApplyRemote(now, answer);
    }

    /// <summary>Takes a candidate of the peer, in any order with its description; "" says that there are no more. False when it cannot be used.</summary>
    public bool AddRemoteCandidate(TimeSpan now, string candidate)
    {
        if (_ice is not { } ice)
        {
            bool hasRoom = _earlyCandidates.Count < MaxEarlyCandidates && candidate.Length <= IceCandidate.MaxTextLength;
            if (hasRoom)
            {
                _earlyCandidates.Add(candidate);
            }

            return hasRoom;
        }

        if (candidate.Length == 0)
        {
            ice.SetRemoteEndOfCandidates();
            return true;
        }

        if (!IceCandidate.TryParse(candidate, out IceCandidate? parsed))
        {
            return false;
        }

        ice.AddRemoteCandidate(now, parsed!);
        return true;
    }

    /// <summary>A candidate as the peer is told of it after the description: with the ufrag of the session that it belongs to (RFC 8838 section 11.3).</summary>
    public string DescribeCandidate(IceCandidate candidate) => (candidate with { UsernameFragment = LocalUsernameFragment }).ToString();

    private static SessionDescription Parse(string sdp, string kind) => SessionDescription.TryParse(sdp, out SessionDescription description, out string error)
        ? description
        : throw new FormatException($"The peer's {kind} cannot be used: {error}.");

    // RFC 8842 section 5.5: another certificate would begin another DTLS association.
    private void CheckFingerprint(SessionDescription remote, string kind)
    {
        if (!remote.Fingerprints.Any(_remoteFingerprints.Contains))
        {
            throw new FormatException($"The peer's {kind} cannot be used: its certificate has changed, which takes a new connection.");
        }
    }

    private void ThrowIfEnded()
    {
        if (State is PeerConnectionState.Failed or PeerConnectionState.Closed)
        {
            throw new InvalidOperationException($"The connection is {State}.");
        }
    }

    private void CreateIceAgent(TimeSpan now, bool isControlling)
    {
        if (_ice is not null)
        {
            throw new InvalidOperationException("The connection has a description already.");
        }

        _ice = new IceAgent(isControlling, _options.Ice, _entropy, _options.Trace);
        foreach (IceCandidate candidate in _localCandidates)
        {
            _ice.AddLocalCandidate(now, candidate);
        }

        if (_hasLocalEndOfCandidates)
        {
            _ice.SetLocalEndOfCandidates();
        }

        Span<byte> id = stackalloc byte[sizeof(ulong)];
        _entropy.Fill(id);
        _sessionId = BinaryPrimitives.ReadUInt64BigEndian(id);
    }

    private string Describe(DtlsSetup setup) => (_sections with
    {
        Setup = setup,
        IceCredentials = _ice!.LocalCredentials,
        Fingerprints = [_options.Certificate.Fingerprint],
        MaxMessageSize = _options.MaxMessageSize,
        Candidates = [.. _localCandidates.Select(c => c.ToString())],
        HasEndOfCandidates = HasLocalEndOfCandidates,
    }).Write(_sessionId, ++_sessionVersion);

    private void ApplyRemote(TimeSpan now, SessionDescription remote)
    {
        if (!_hasRemoteDescription)
        {
            BeginSecurity(remote);
        }

        foreach (string line in remote.Candidates.Concat(_earlyCandidates))
        {
            AddRemoteCandidate(now, line);
        }

        if (remote.HasEndOfCandidates)
        {
            _ice!.SetRemoteEndOfCandidates();
        }

        _earlyCandidates.Clear();
        _remoteCredentials = remote.IceCredentials;
        _ice!.SetRemoteCredentials(now, remote.IceCredentials!);
        foreach (byte[] datagram in _earlyDatagrams)
        {
            HandleDtls(now, datagram);
        }

        _earlyDatagrams.Clear();
        DrainIce(now);
    }

    private void BeginSecurity(SessionDescription remote)
    {
        _hasRemoteDescription = true;
        _remoteFingerprints = remote.Fingerprints;
        _association.RemotePort = remote.SctpPort;
        _channels.MaxMessageSize = remote.MaxMessageSize == 0 ? int.MaxValue : remote.MaxMessageSize;
        _channels.SetDtlsRole(_role == DtlsRole.Client);
        _dtls = new DtlsConnection(_role, _options.Certificate, [.. remote.Fingerprints], new DtlsOptions { MaxDatagramSize = BaseDatagramSize, CreateCipher = _options.CreateCipher }, _entropy, _options.Trace);
        SetState(PeerConnectionState.Connecting);
    }
}
