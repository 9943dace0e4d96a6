using System.Security.Cryptography;
using System.Text;

namespace EGoat.Signaling;

/// <summary>The rooms and who is in them, in memory. Thread-safe; nothing is awaited under its lock.</summary>
internal sealed class HubRooms(SignalingHubOptions options) : IHubRooms
{
    private const int TicketLength = 24;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Room> _rooms = [];

    /// <summary>How many rooms each address has opened that still have members.</summary>
    private readonly Dictionary<string, int> _opened = [];

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, int Members)> List()
    {
        lock (_gate)
        {
            return [.. _rooms.Select(r => (r.Key, r.Value.Members.Count))];
        }
    }

    /// <inheritdoc/>
    public ValueTask<(HubMember? Member, SignalingMessage? Refusal)> JoinAsync(HubConnection connection, string roomName, string peerId, string? ticket)
    {
        HubMember member;
        HubMember? replaced;
        lock (_gate)
        {
            _rooms.TryGetValue(roomName, out Room? room);
            replaced = room?.Members.GetValueOrDefault(peerId);
            if (FindRefusal(room, connection.Prefix, replaced, ticket) is { } refusal)
            {
                return ValueTask.FromResult<(HubMember?, SignalingMessage?)>((null, refusal));
            }

            room ??= Open(roomName, connection.Prefix);
            member = new HubMember(peerId, replaced?.Ticket ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TicketLength)), roomName, connection);
            string[] others = [.. room.Members.Keys.Where(id => id != peerId)];
            room.Members[peerId] = member;
            connection.Send(new SignalingMessage { Type = "joined", V = SignalingLimits.Version, Ticket = member.Ticket, Peers = others, IceServers = options.IceServers });
            options.Trace?.Invoke($"{peerId} from {connection.Address} has joined {roomName}{(replaced is null ? "" : " again")}: {room.Members.Count} members");
            if (replaced is null)
            {
                room.Tell(member, new SignalingMessage { Type = "peer-joined", Peer = peerId });
            }
        }

        replaced?.Connection.End();
        return ValueTask.FromResult<(HubMember?, SignalingMessage?)>((member, null));
    }

    /// <inheritdoc/>
    public ValueTask<bool> PassAsync(HubMember from, string to, string data)
    {
        HubMember? target;
        lock (_gate)
        {
            target = _rooms.GetValueOrDefault(from.Room)?.Members.GetValueOrDefault(to);
        }

        if (target is null || target == from)
        {
            return ValueTask.FromResult(false);
        }

        target.Connection.Send(new SignalingMessage { Type = "signal", From = from.PeerId, Data = data });
        return ValueTask.FromResult(true);
    }

    /// <inheritdoc/>
    public ValueTask LeaveAsync(HubMember member)
    {
        lock (_gate)
        {
            if (_rooms.TryGetValue(member.Room, out Room? room) && room.Members.GetValueOrDefault(member.PeerId) == member)
            {
                room.Members.Remove(member.PeerId);
                options.Trace?.Invoke($"{member.PeerId} has left {member.Room}: {room.Members.Count} members");
                room.Tell(member, new SignalingMessage { Type = "peer-left", Peer = member.PeerId });
                if (room.Members.Count == 0)
                {
                    _rooms.Remove(member.Room);
                    if (--_opened[room.OpenedBy] == 0)
                    {
                        _opened.Remove(room.OpenedBy);
                    }
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    private SignalingMessage? FindRefusal(Room? room, string prefix, HubMember? replaced, string? ticket)
    {
        if (room is null)
        {
            return _opened.GetValueOrDefault(prefix) >= options.MaxRoomsPerAddress
                ? SignalingMessage.Error("too-many-rooms", $"One address may open {options.MaxRoomsPerAddress} rooms.")
                : null;
        }

        if (replaced is not null)
        {
            return ticket is null || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(ticket), Encoding.UTF8.GetBytes(replaced.Ticket))
                ? SignalingMessage.Error("peer-id-taken", "Another member has this peer id.")
                : null;
        }

        return room.Members.Count >= options.MaxMembersPerRoom ? SignalingMessage.Error("room-full", $"The room has {options.MaxMembersPerRoom} members.")
            : room.Members.Values.Count(m => m.Connection.Prefix == prefix) >= options.MaxMembersPerRoomAndAddress
                ? SignalingMessage.Error("room-full", $"The room has {options.MaxMembersPerRoomAndAddress} members from this address; its other places are kept for others.")
                : null;
    }

    private Room Open(string name, string prefix)
    {
        _opened[prefix] = _opened.GetValueOrDefault(prefix) + 1;
        return _rooms[name] = new Room(prefix);
    }

    private sealed class Room(string openedBy)
    {
        public string OpenedBy => openedBy;

        public Dictionary<string, HubMember> Members { get; } = [];

        public void Tell(HubMember except, SignalingMessage message)
        {
            byte[] frame = message.Format();
            foreach (HubMember member in Members.Values.Where(m => m != except))
            {
                member.Connection.Send(frame);
            }
        }
    }
}
