using EGoat.WebRtc.Statistics;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Ice;

/// <summary>A local and a remote candidate and what is known of the path between them (RFC 8445 section 6.1.2).</summary>
/// <remarks>Knows nothing of other pairs: the <see cref="IceAgent"/> decides when it is checked, and what a result means.</remarks>
internal sealed class CandidatePair(IceCandidate local, IceCandidate remote)
{
    public IceCandidate Local { get; } = local;

    public IceCandidate Remote { get; set; } = remote;

    public CandidatePairState State { get; set; }

    /// <summary>The peer (or this side, if controlling) has chosen it.</summary>
    public bool IsNominated { get; set; }

    /// <summary>USE-CANDIDATE goes with the next check (controlling), or came before the pair succeeded (controlled).</summary>
    public bool IsNominating { get; set; }

    /// <summary>When the controlling peer last nominated it.</summary>
    public TimeSpan LastNominated { get; set; }

    /// <summary>An authenticated request or response came from the remote address.</summary>
    public bool IsRemoteValidated { get; set; }

    /// <summary>The check that is under way.</summary>
    public StunTransactionId TransactionId { get; set; }

    /// <summary>The role that the check under way states.</summary>
    public bool CheckedAsControlling { get; set; }

    /// <summary>How often the check under way was sent.</summary>
    public int Transmissions { get; set; }

    /// <summary>When the check under way was first sent.</summary>
    public TimeSpan CheckStarted { get; set; }

    /// <summary>When the check under way is sent again, given up, or (<see cref="CandidatePairState.Succeeded"/>) the next consent check begins.</summary>
    public TimeSpan Due { get; set; }

    /// <summary>When a response last came: consent runs from here (RFC 7675 section 5.1).</summary>
    public TimeSpan LastResponse { get; set; }

    /// <summary>When anything authenticated last came.</summary>
    public TimeSpan LastHeard { get; set; }

    /// <summary>The round-trip time of the last check that was answered at once.</summary>
    public TimeSpan? RoundTripTime { get; set; }

    /// <summary>Checks of this side and the answers to them; consent checks are counted among the checks too.</summary>
    public long RequestsSent { get; set; }

    public long ConsentRequestsSent { get; set; }

    public long ResponsesReceived { get; set; }

    /// <summary>Checks of the peer and the answers to them.</summary>
    public long RequestsReceived { get; set; }

    public long ResponsesSent { get; set; }

    /// <summary>Data, as <see cref="IceAgent.OnDataSent"/> was told.</summary>
    public long PacketsSent { get; set; }

    public long BytesSent { get; set; }

    public long PacketsReceived { get; set; }

    public long BytesReceived { get; set; }

    /// <summary>What is known of it, as a snapshot.</summary>
    public IceCandidatePairStats GetStats() => new()
    {
        Local = Local,
        Remote = Remote,
        State = State,
        IsNominated = IsNominated,
        PacketsSent = PacketsSent,
        PacketsReceived = PacketsReceived,
        BytesSent = BytesSent,
        BytesReceived = BytesReceived,
        CurrentRoundTripTime = RoundTripTime,
        RequestsSent = RequestsSent,
        RequestsReceived = RequestsReceived,
        ResponsesReceived = ResponsesReceived,
        ResponsesSent = ResponsesSent,
        ConsentRequestsSent = ConsentRequestsSent,
    };

    /// <summary>The pair priority of RFC 8445 section 6.1.2.3.</summary>
    public ulong GetPriority(bool isControlling)
    {
        (ulong g, ulong d) = isControlling ? (Local.Priority, Remote.Priority) : (Remote.Priority, Local.Priority);
        return (Math.Min(g, d) << 32) + (2 * Math.Max(g, d)) + (g > d ? 1UL : 0UL);
    }

    public override string ToString() => $"{Local.Base} -> {Remote.Address} {State}{(IsNominated ? ", nominated" : "")}";
}
