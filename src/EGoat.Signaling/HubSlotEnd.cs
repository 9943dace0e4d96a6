namespace EGoat.Signaling;

/// <summary>One of the two in a slot.</summary>
internal sealed record HubSlotEnd(int Number, HubConnection Connection);
