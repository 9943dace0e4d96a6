namespace EGoat;

/// <summary>Whether something was sent by this installation or received by it.</summary>
public enum EGoatDirection
{
    /// <summary>It came from another peer.</summary>
    Received,

    /// <summary>It was sent by this installation.</summary>
    Sent,
}

/// <summary>One text message of a room, as sent or received. An immutable snapshot.</summary>
public sealed record EGoatMessage
{
    /// <summary>A local sequence number of the store, rising in the order in which messages were committed; 0 if not stored yet.</summary>
    public long Sequence { get; init; }

    /// <summary>The message's id: lower-case UUIDv7 text, unique per sender identity. Never a sort key.</summary>
    public required string Id { get; init; }

    /// <summary>The name of the room.</summary>
    public required string Room { get; init; }

    /// <summary>The name that the sender used. Chosen by the sender, hence not to be trusted; see <see cref="FromIdentity"/>.</summary>
    public required string From { get; init; }

    /// <summary>The sender's identity id, computed from the certificate that DTLS verified.</summary>
    public required string FromIdentity { get; init; }

    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>When the sender says it sent the message (UTC), clamped to a sane range.</summary>
    public required DateTimeOffset SentAt { get; init; }

    /// <summary>When this installation received it; for an own message, when it was sent.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Whether it was sent or received here.</summary>
    public required EGoatDirection Direction { get; init; }

    /// <summary>Whether it went to one peer only instead of to the whole room.</summary>
    public bool Private { get; init; }

    /// <summary>Whether the history holds it. False while it could not be stored yet, for example because the disk is full.</summary>
    public bool Kept { get; init; } = true;

    /// <summary>Who said what, fit to be shown: further lines are indented (<see cref="VisibleText"/>).</summary>
    public override string ToString() => $"{VisibleText.Line(From)}: {VisibleText.Text(Text, "    ")}";
}
