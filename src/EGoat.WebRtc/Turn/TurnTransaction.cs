using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Turn;

/// <summary>A request to the TURN server that waits for its answer.</summary>
internal sealed class TurnTransaction(ushort method, bool isReliable)
{
    public ushort Method { get; } = method;

    /// <summary>Whom a permission or channel is for.</summary>
    public TransportAddress Peer { get; init; }

    public ushort Channel { get; init; }

    /// <summary>For Refresh: false gives the allocation back.</summary>
    public bool IsKept { get; init; } = true;

    public StunTransactionId Id { get; private set; }

    /// <summary>How often the server has asked for other credentials.</summary>
    public int Challenges { get; set; }

    /// <summary>Whether the request under way carries the credential.</summary>
    public bool IsAuthenticated { get; set; }

    private StunRetransmission _retransmission = new(isReliable);

    public TimeSpan Due => _retransmission.Due;

    public bool IsGivenUp(TimeSpan now) => _retransmission.IsGivenUp(now);

    public void HandleSent(TimeSpan now) => _retransmission.HandleSent(now);

    /// <summary>Begins it, or begins it again with what a challenge has told.</summary>
    public TurnTransaction Begin(IEntropySource entropy)
    {
        Id = StunTransactionId.Create(entropy);
        _retransmission = new StunRetransmission(isReliable);
        return this;
    }
}
