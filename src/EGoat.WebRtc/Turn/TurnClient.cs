using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Turn;

/// <summary>
/// An allocation at a TURN server (RFC 8656): an address there that peers can send to, and through which this side sends.
/// Sans-IO, for one flow to one server, over UDP or over a stream.
/// </summary>
/// <remarks>
/// Connectivity checks go in Send indications; the first other datagram to a peer binds a channel. Permissions and
/// channels that are used are refreshed, the others lapse.
/// </remarks>
internal sealed partial class TurnClient
{
    /// <summary>Room that a datagram needs in front of and behind its payload.</summary>
    public const int MaxOverhead = StunMessage.HeaderLength + 24 + 4 + 3 + 8;

    private const ushort AllocateMethod = 0x003;
    private const ushort RefreshMethod = 0x004;
    private const ushort SendMethod = 0x006;
    private const ushort DataMethod = 0x007;
    private const ushort CreatePermissionMethod = 0x008;
    private const ushort ChannelBindMethod = 0x009;

    private const int NoError = 0;
    private const int Unauthorized = 401;
    private const int AllocationMismatch = 437;
    private const int StaleNonce = 438;
    private const int AddressFamilyNotSupported = 440;
    private const int UnsupportedTransportProtocol = 442;
    private const int AllocationQuotaReached = 486;
    private const int InsufficientCapacity = 508;
    private const int MaxChallenges = 4;
    private const uint DefaultLifetimeSeconds = 600;

    /// <summary>How long after a failure the allocation is asked for again.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);

    /// <summary>The same when the server has no room (RFC 8656 section 7.4: at least a minute).</summary>
    private static readonly TimeSpan CapacityRetryInterval = TimeSpan.FromMinutes(1);

    /// <summary>The same when the server has said that the allocation is gone.</summary>
    private static readonly TimeSpan LostRetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>Silence of the server, while this side sends, after which it is asked whether the allocation is still there.</summary>
    private static readonly TimeSpan SilenceInterval = TimeSpan.FromSeconds(7);

    private readonly bool _isReliable;
    private readonly bool _isIPv6;
    private readonly LongTermCredential _credential;
    private readonly IEntropySource _entropy;
    private readonly List<TurnTransaction> _transactions = [];

    /// <summary>Null while the request is under way, or when there is no allocation.</summary>
    private TimeSpan? _refreshAt;
    private TimeSpan _lastHeard;
    private TimeSpan? _retryAt;

    /// <param name="server">Where the server listens.</param>
    /// <param name="isReliable">Whether the flow is a stream: nothing is repeated, and what is sent is padded (RFC 8656 section 12.5).</param>
    /// <param name="username">The user name.</param>
    /// <param name="password">The password.</param>
    /// <param name="entropy">Where transaction ids come from.</param>
    public TurnClient(TransportAddress server, bool isReliable, string username, string password, IEntropySource entropy)
    {
        _isReliable = isReliable;
        _isIPv6 = server.IsIPv6;
        _credential = new LongTermCredential(username, password);
        _entropy = entropy;
        if (_credential.IsUsable)
        {
            Begin(new TurnTransaction(AllocateMethod, isReliable));
        }
        else
        {
            FailureReason = "The user name for the TURN server is too long.";
        }
    }

    /// <summary>Where peers send to; null while there is no allocation.</summary>
    public TransportAddress? RelayedAddress { get; private set; }

    /// <summary>This side's address as the server sees it; null while there is no allocation.</summary>
    public TransportAddress? MappedAddress { get; private set; }

    /// <summary>Why there is no allocation, as a sentence; null when there is one, or it is still asked for the first time.</summary>
    public string? FailureReason { get; private set; }

    /// <summary>There is an allocation, or the first attempt has failed.</summary>
    public bool IsSettled => RelayedAddress is not null || FailureReason is not null;

    public TimeSpan? NextTimeout
    {
        get
        {
            if (_ready.Count > 0)
            {
                return TimeSpan.Zero;
            }

            TimeSpan next = TimeSpan.MaxValue;
            foreach (TurnTransaction transaction in _transactions)
            {
                next = Earlier(next, transaction.Due);
            }

            next = Earlier(next, _refreshAt ?? next);
            next = Earlier(next, _retryAt ?? next);
            if (RelayedAddress is not null)
            {
                next = Earlier(next, NextPeerTimeout);
            }

            return next == TimeSpan.MaxValue ? null : next;
        }
    }

    /// <summary>Lets time pass: requests that were given up, what must be refreshed.</summary>
    public void HandleTimeout(TimeSpan now)
    {
        // One failure may end other transactions with it.
        while (_transactions.Find(t => t.IsGivenUp(now)) is { } transaction)
        {
            _transactions.Remove(transaction);
            HandleFailure(now, transaction, NoError, "does not answer");
        }

        if (_retryAt <= now)
        {
            _retryAt = null;
            Begin(new TurnTransaction(AllocateMethod, _isReliable));
        }

        if (_refreshAt <= now)
        {
            _refreshAt = null;
            Begin(new TurnTransaction(RefreshMethod, _isReliable));
        }

        if (RelayedAddress is not null)
        {
            RefreshPeers(now);
        }
    }

    /// <summary>Gives the allocation back; poll once more to send that.</summary>
    public void Close()
    {
        _transactions.Clear();
        _ready.Clear();
        _retryAt = _refreshAt = null;
        if (RelayedAddress is not null)
        {
            Begin(new TurnTransaction(RefreshMethod, _isReliable) { IsKept = false });
            RelayedAddress = null;
        }
    }

    /// <summary>Writes what is to be sent to the server next.</summary>
    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out int length)
    {
        if (_ready.TryDequeue(out (TransportAddress Peer, byte[] Payload) ready))
        {
            length = Wrap(ready.Peer, ready.Payload, buffer);
            return true;
        }

        foreach (TurnTransaction transaction in _transactions)
        {
            if (transaction.Due <= now && !transaction.IsGivenUp(now))
            {
                transaction.HandleSent(now);
                length = Write(transaction, buffer);
                return true;
            }
        }

        length = 0;
        return false;
    }

    /// <summary>Takes a datagram of the server. True when it carries something from a peer, which stands in it at <paramref name="payload"/>.</summary>
    public bool HandleDatagram(TimeSpan now, ReadOnlySpan<byte> datagram, out TransportAddress peer, out Range payload)
    {
        peer = default;
        payload = default;
        _lastHeard = now;
        if (IsChannelData(datagram))
        {
            return TryUnwrapChannelData(datagram, out peer, out payload);
        }

        if (!StunMessage.TryParse(datagram, out StunMessage message))
        {
            return false;
        }

        switch (message.Class)
        {
            case StunClass.Indication when message.Method == DataMethod:
                return TryUnwrapIndication(datagram, message, out peer, out payload);
            case StunClass.SuccessResponse or StunClass.ErrorResponse:
                HandleResponse(now, message);
                return false;
            default:
                return false;
        }
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private void Begin(TurnTransaction transaction) => _transactions.Add(transaction.Begin(_entropy));

    private int Write(TurnTransaction transaction, Span<byte> buffer)
    {
        var writer = new StunMessageWriter(buffer, StunClass.Request, transaction.Method, transaction.Id);
        switch (transaction.Method)
        {
            case AllocateMethod:
                writer.Add(StunAttributeType.RequestedTransport, 17u << 24); // UDP to the peers
                if (_isIPv6)
                {
                    writer.Add(StunAttributeType.RequestedAddressFamily, 2u << 24);
                }

                break;
            case RefreshMethod:
                writer.Add(StunAttributeType.Lifetime, transaction.IsKept ? DefaultLifetimeSeconds : 0u);
                break;
            case CreatePermissionMethod:
                writer.AddXorAddress(StunAttributeType.XorPeerAddress, transaction.Peer);
                break;
            default:
                writer.Add(StunAttributeType.ChannelNumber, (uint)transaction.Channel << 16);
                writer.AddXorAddress(StunAttributeType.XorPeerAddress, transaction.Peer);
                break;
        }

        transaction.IsAuthenticated = _credential.Key.Length > 0;
        return _credential.Finish(ref writer);
    }

    private void HandleResponse(TimeSpan now, in StunMessage response)
    {
        StunTransactionId id = response.TransactionId;
        int index = _transactions.FindIndex(t => t.Id == id);
        if (index < 0 || _transactions[index].Method != response.Method)
        {
            return;
        }

        TurnTransaction transaction = _transactions[index];
        if (response.Class == StunClass.ErrorResponse)
        {
            _transactions.RemoveAt(index);
            HandleError(now, transaction, response);
        }
        else if (!transaction.IsAuthenticated || response.VerifyIntegrity(_credential.Key))
        {
            _transactions.RemoveAt(index);
            HandleSuccess(now, transaction, response);
        }
    }

    // RFC 8489 section 9.2.5: after a 401 to a request with a credential only another realm makes it worth another. Challenges
    // carry no integrity; nobody off the path knows the transaction id.
    private void HandleError(TimeSpan now, TurnTransaction transaction, in StunMessage response)
    {
        response.TryGetErrorCode(out int code);
        bool isChallenge = code == StaleNonce || (code == Unauthorized && (!transaction.IsAuthenticated || _credential.IsOfAnotherRealm(response)));
        if (isChallenge && transaction.Challenges++ < MaxChallenges && _credential.TryUpdate(response))
        {
            Begin(transaction);
            return;
        }

        HandleFailure(now, transaction, code, code == Unauthorized ? "refuses the user name or password" : $"refuses with {code} {response.GetErrorReason()}");
    }

    private void HandleFailure(TimeSpan now, TurnTransaction transaction, int code, string what)
    {
        switch (transaction.Method)
        {
            case AllocateMethod:
                Lose(RetryTime(now, code), $"The TURN server {what}.");
                if (code == AllocationMismatch)
                {
                    // The server holds an allocation of this address and port, which this side does not know (any more).
                    Begin(new TurnTransaction(RefreshMethod, _isReliable) { IsKept = false });
                }

                break;
            case RefreshMethod or CreatePermissionMethod or ChannelBindMethod when code == AllocationMismatch && RelayedAddress is not null:
                Lose(now + LostRetryInterval, "The TURN server has lost the allocation.");
                break;
            case RefreshMethod when transaction.IsKept:
                Lose(now + RetryInterval, $"The TURN server {what}.");
                break;
            case CreatePermissionMethod:
                RefusePermission(now, transaction.Peer);
                break;
            case ChannelBindMethod:
                ForgetChannel(now, transaction.Peer);
                break;
            default:
                break;
        }
    }

    private void HandleSuccess(TimeSpan now, TurnTransaction transaction, in StunMessage response)
    {
        switch (transaction.Method)
        {
            case AllocateMethod:
                if (!response.TryGetXorAddress(StunAttributeType.XorRelayedAddress, out TransportAddress relayed) || relayed.Port == 0 || !relayed.IsUnicast)
                {
                    Lose(now + RetryInterval, "The TURN server tells no relayed address.");
                    return;
                }

                RelayedAddress = relayed;
                MappedAddress = response.TryGetXorAddress(StunAttributeType.XorMappedAddress, out TransportAddress mapped) ? mapped : null;
                FailureReason = null;
                ScheduleRefresh(now, response);
                break;
            case RefreshMethod when transaction.IsKept:
                ScheduleRefresh(now, response);
                break;
            case CreatePermissionMethod:
                InstallPermission(now, transaction.Peer);
                break;
            case ChannelBindMethod:
                BindChannel(now, transaction.Peer);
                break;
            default:
                break;
        }
    }

    // RFC 8656 section 3.2: a minute before it expires, or half way if it lives shorter.
    private void ScheduleRefresh(TimeSpan now, in StunMessage response)
    {
        const uint marginSeconds = 60;
        uint lifetime = response.TryGetUInt32(StunAttributeType.Lifetime, out uint told) ? Math.Max(told, 2) : DefaultLifetimeSeconds;
        _refreshAt = now + TimeSpan.FromSeconds(lifetime > 2 * marginSeconds ? lifetime - marginSeconds : lifetime / 2);
    }

    // Null for what a later attempt would be told again: the credential, and what the server does not support.
    private static TimeSpan? RetryTime(TimeSpan now, int code) => code switch
    {
        Unauthorized or AddressFamilyNotSupported or UnsupportedTransportProtocol => null,
        AllocationQuotaReached or InsufficientCapacity => now + CapacityRetryInterval,
        _ => now + RetryInterval,
    };

    // The next attempt begins without realm and nonce, so that a 401 to it can only mean the user name or password.
    private void Lose(TimeSpan? retryAt, string reason)
    {
        RelayedAddress = MappedAddress = null;
        FailureReason = reason;
        _refreshAt = null;
        _transactions.Clear();
        ClearPeers();
        _credential.Forget();
        _retryAt = retryAt;
    }
}
