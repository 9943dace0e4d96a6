namespace EGoat.Signaling;

/// <summary>A member of a room.</summary>
internal sealed record HubMember(string PeerId, string Ticket, string Room, HubConnection Connection);
