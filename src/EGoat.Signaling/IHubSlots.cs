namespace EGoat.Signaling;

/// <summary>What a hub's slots are to its sockets: in one process's memory, or shared by several servers.</summary>
internal interface IHubSlots
{
    /// <summary>Opens a slot and queues its number; null with the reason when that is refused.</summary>
    ValueTask<(HubSlotEnd? End, SignalingMessage? Refusal)> OpenAsync(HubConnection connection);

    /// <summary>Takes the free place in a slot and tells both ends; null with the reason when that is refused.</summary>
    ValueTask<(HubSlotEnd? End, SignalingMessage? Refusal)> JoinAsync(HubConnection connection, int number);

    /// <summary>Passes on what an end says; false when there is nobody at the other one.</summary>
    ValueTask<bool> PassAsync(HubSlotEnd from, string data);

    /// <summary>Frees an end's place and tells the other one; the slot goes with the end that opened it.</summary>
    ValueTask LeaveAsync(HubSlotEnd end);
}
