namespace EGoat;

/// <summary>The arguments of an event about a room's state.</summary>
public sealed class EGoatRoomStateEventArgs(EGoatRoomState state) : EventArgs
{
    /// <summary>The state that the room has now.</summary>
    public EGoatRoomState State { get; } = state;
}
