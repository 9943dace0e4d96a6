namespace EGoat;

/// <summary>The outcome of a message that was sent from here, for one recipient. An immutable snapshot.</summary>
public sealed record EGoatDelivery
{
    /// <summary>The <see cref="EGoatMessage.Id"/> of the message.</summary>
    public required string MessageId { get; init; }

    /// <summary>The name of the room.</summary>
    public required string Room { get; init; }

    /// <summary>The recipient's name. Chosen by the recipient, hence not to be trusted; see <see cref="PeerIdentity"/>.</summary>
    public required string Peer { get; init; }

    /// <summary>The recipient's identity id, computed from the certificate that DTLS verified.</summary>
    public required string PeerIdentity { get; init; }

    /// <summary>Whether the recipient has stored the message.</summary>
    public required EGoatDeliveryState State { get; init; }

    /// <summary>Why it is not confirmed, in one sentence; null when there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>When this state was reached (UTC). A message that waits does so since this time.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Who has it or not, and why, fit to be shown (<see cref="VisibleText"/>).</summary>
    public override string ToString() => $"{VisibleText.Line(Peer)}: {State}{(Reason is { } reason ? $". {VisibleText.Line(reason)}" : "")}";
}
