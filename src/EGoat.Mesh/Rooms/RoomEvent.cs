namespace EGoat.Mesh;

/// <summary>Something that happened in a room.</summary>
public abstract record RoomEvent;

/// <summary>A message was received and committed to the store.</summary>
public sealed record RoomMessageReceived(EGoatMessage Message) : RoomEvent;

/// <summary>A peer appeared, connected, changed or left.</summary>
public sealed record RoomPeerChanged(EGoatPeer Peer) : RoomEvent;

/// <summary>A transfer was offered, made progress, or ended.</summary>
public sealed record RoomTransferChanged(EGoatTransfer Transfer) : RoomEvent;

/// <summary>The room's state changed.</summary>
public sealed record RoomStateChanged(EGoatRoomState State) : RoomEvent;

/// <summary>Something that people should know.</summary>
public sealed record RoomWarning(string Text) : RoomEvent;
