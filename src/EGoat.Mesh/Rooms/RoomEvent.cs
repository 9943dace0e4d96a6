namespace EGoat.Mesh;

/// <summary>Something that happened in a room.</summary>
public abstract record RoomEvent
{
    /// <summary>What a later event of the same key makes superfluous; null when nothing does.</summary>
    internal virtual string? ReplacedBy => null;

    /// <summary>About how many bytes of memory it takes.</summary>
    internal virtual int Size => 256;
}

/// <summary>A message was received. When <see cref="EGoatMessage.Kept"/> is false, the store does not hold it yet, and its sender has no confirmation.</summary>
public sealed record RoomMessageReceived(EGoatMessage Message) : RoomEvent
{
    internal override int Size => 512 + (2 * Message.Text.Length);
}

/// <summary>A message, sent or received, that the store did not hold is held by it now.</summary>
public sealed record RoomMessageKept(EGoatMessage Message) : RoomEvent
{
    internal override int Size => 512 + (2 * Message.Text.Length);
}

/// <summary>A message that was sent from here has an outcome for a recipient, or another one.</summary>
public sealed record RoomDeliveryChanged(EGoatDelivery Delivery) : RoomEvent;

/// <summary>A peer appeared, connected, changed or left.</summary>
public sealed record RoomPeerChanged(EGoatPeer Peer) : RoomEvent
{
    internal override string? ReplacedBy => $"peer {Peer.Id}";
}

/// <summary>A transfer was offered, made progress, or ended.</summary>
public sealed record RoomTransferChanged(EGoatTransfer Transfer) : RoomEvent
{
    internal override string? ReplacedBy => $"transfer {Transfer.Id} {Transfer.Name}";

    internal override int Size => 512 + (2 * (Transfer.Name.Length + Transfer.Path.Length));
}

/// <summary>The room's state changed.</summary>
public sealed record RoomStateChanged(EGoatRoomState State) : RoomEvent
{
    internal override string? ReplacedBy => "state";
}

/// <summary>Something that people should know.</summary>
public sealed record RoomWarning(string Text) : RoomEvent
{
    internal override int Size => 256 + (2 * Text.Length);
}

/// <summary>
/// A subscriber was so far behind that events were not kept for it: so many, after those that it has read before. Messages among
/// them are in the history.
/// </summary>
public sealed record RoomEventsLost(int Count) : RoomEvent;
