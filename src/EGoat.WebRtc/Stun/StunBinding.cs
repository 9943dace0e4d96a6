namespace EGoat.WebRtc.Stun;

/// <summary>
/// Asks a STUN server for the address that it sees (RFC 8489, Binding), and again every 15 seconds: that keeps the NAT's
/// mapping alive (RFC 8445 section 11) and shows when it has changed.
/// </summary>
internal sealed class StunBinding(IEntropySource entropy)
{
    private static readonly TimeSpan KeepaliveInterval = TimeSpan.FromSeconds(15);

    private StunTransactionId? _transaction;
    private StunRetransmission _retransmission;
    private TimeSpan _nextRequest;

    /// <summary>The address, as it was last told; null until then.</summary>
    public TransportAddress? MappedAddress { get; private set; }

    /// <summary>There has been an answer, or the first request was given up.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>Why the last request told no address, as a sentence; null when it did, or none was answered or given up yet.</summary>
    public string? FailureReason { get; private set; }

    public TimeSpan NextTimeout => _transaction is null ? _nextRequest : _retransmission.Due;

    public void HandleTimeout(TimeSpan now)
    {
        if (_transaction is not null && _retransmission.IsGivenUp(now))
        {
            _transaction = null;
            _nextRequest = now + KeepaliveInterval;
            IsSettled = true;
            FailureReason = "The STUN server does not answer.";
        }
        else if (_transaction is null && _nextRequest <= now)
        {
            _transaction = StunTransactionId.Create(entropy);
            _retransmission = new StunRetransmission(isReliable: false);
        }
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out int length)
    {
        length = 0;
        HandleTimeout(now);
        if (_transaction is not { } id || _retransmission.Due > now)
        {
            return false;
        }

        _retransmission.HandleSent(now);
        length = new StunMessageWriter(buffer, StunClass.Request, StunMessage.BindingMethod, id).Finish();
        return true;
    }

    /// <summary>Takes a message of the server. True when the address has become known or another.</summary>
    public bool HandleMessage(TimeSpan now, in StunMessage message)
    {
        if (_transaction is not { } id || message.TransactionId != id || message.Class is not (StunClass.SuccessResponse or StunClass.ErrorResponse))
        {
            return false;
        }

        _transaction = null;
        _nextRequest = now + KeepaliveInterval;
        IsSettled = true;
        if (message.Class != StunClass.SuccessResponse || !message.TryGetXorAddress(StunAttributeType.XorMappedAddress, out TransportAddress address) ||
            address.Port == 0 || !address.IsUnicast)
        {
            FailureReason = "The STUN server tells no address.";
            return false;
        }

        FailureReason = null;
        bool isNew = address != MappedAddress;
        MappedAddress = address;
        return isNew;
    }
}
