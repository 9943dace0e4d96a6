namespace EGoat.Signaling;

/// <summary>What a hub's rooms are to its sockets: in one process's memory, or shared by several servers.</summary>
internal interface IHubRooms
{
    /// <summary>The rooms that have members, and how many.</summary>
    IReadOnlyList<(string Name, int Members)> List();

    /// <summary>
    /// Lets somebody in: queues <c>joined</c> for it and tells the others. A member of the same peer id is replaced, and its socket
    /// ended, by whoever has its ticket.
    /// </summary>
    ValueTask<(HubMember? Member, SignalingMessage? Refusal)> JoinAsync(HubConnection connection, string roomName, string peerId, string? ticket);

    /// <summary>Passes on what a member says; false when nobody else has that peer id in its room.</summary>
    ValueTask<bool> PassAsync(HubMember from, string to, string data);

    /// <summary>Forgets a member and tells the others, unless it was replaced.</summary>
    ValueTask LeaveAsync(HubMember member);
}
