using System.Security.Cryptography;
using System.Threading.Channels;

namespace EGoat.Signaling;

/// <summary>
/// Introduces the members of rooms to each other (docs/protocol.md §2). It relays what they say without reading it, and
/// keeps nothing once they have left.
/// </summary>
public sealed class SignalingHub(IReadOnlyList<IceServerEntry> iceServers, TimeProvider? time = null)
{
    private const int TicketLength = 24;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Room> _rooms = [];

    /// <summary>When an address has joined during the last minute.</summary>
    private readonly Dictionary<string, Queue<long>> _joins = [];

    /// <summary>Takes a line about who joins, leaves and is refused; null for silence. Called under a lock: it must be quick.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>The rooms that have members, and how many.</summary>
    public IReadOnlyList<(string Name, int Members)> Rooms
    {
        get
        {
            lock (_gate)
            {
                return [.. _rooms.Select(r => (r.Key, r.Value.Members.Count))];
            }
        }
    }

    /// <summary>Serves a socket until it is closed.</summary>
    /// <param name="socket">The socket; the caller disposes of it.</param>
    /// <param name="address">Where it comes from, for limits.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(IMessageSocket socket, string address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(socket);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Member? member = null;
        try
        {
            if (await ReceiveJoinAsync(socket, stop.Token).ConfigureAwait(false) is not { } join)
            {
                return;
            }

            var candidate = new Member(join.Peer!, address, stop);
            if (TryJoin(candidate, join) is { } error)
            {
                Trace?.Invoke($"{join.Peer} from {address} is refused: {error.Code}");
                await socket.SendAsync(error.Format(), stop.Token).ConfigureAwait(false);
                await socket.CloseAsync(error.Code!).ConfigureAwait(false);
                return;
            }

            member = candidate;
            Task writing = WriteAsync(member, socket, stop);
            await ReadAsync(member, socket, stop.Token).ConfigureAwait(false);
            member.Outgoing.Writer.TryComplete();
            await writing.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The server stops, or the member was replaced or did not read.
        }
        finally
        {
            if (member is not null)
            {
                Leave(member);
            }

            await socket.CloseAsync("bye").ConfigureAwait(false);
        }
    }

    private static async Task WriteAsync(Member member, IMessageSocket socket, CancellationTokenSource stop)
    {
        try
        {
            await foreach (SignalingMessage message in member.Outgoing.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false))
            {
                await socket.SendAsync(message.Format(), stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Its end.
        }
    }

    private async Task<SignalingMessage?> ReceiveJoinAsync(IMessageSocket socket, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(SignalingLimits.JoinTimeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        if (await socket.ReceiveAsync(both.Token).ConfigureAwait(false) is not { } text)
        {
            return null;
        }

        SignalingMessage? join = SignalingMessage.Parse(text);
        SignalingMessage? error = join switch
        {
            not { Type: "join" } => SignalingMessage.Error("bad-message", "The first message must be a join."),
            { V: not SignalingLimits.Version } => SignalingMessage.Error("unsupported-version", $"This server speaks version {SignalingLimits.Version} of the signaling protocol."),
            _ when !SignalingLimits.IsRoomName(join.Room) => SignalingMessage.Error("bad-room", "A room name has 1 to 64 letters, digits, '-', '_' or '.'."),
            _ when !SignalingLimits.IsPeerId(join.Peer) => SignalingMessage.Error("bad-peer", "A peer id has 26 characters of base32."),
            _ => null,
        };
        if (error is null)
        {
            return join;
        }

        await socket.SendAsync(error.Format(), cancellationToken).ConfigureAwait(false);
        return null;
    }

    private SignalingMessage? TryJoin(Member member, SignalingMessage join)
    {
        Member? replaced = null;
        lock (_gate)
        {
            if (IsTooFast(member.Address))
            {
                return SignalingMessage.Error("too-fast", $"More than {SignalingLimits.MaxJoinsPerMinute} joins a minute from one address.");
            }

            if (!_rooms.TryGetValue(join.Room!, out Room? room))
            {
                if (_rooms.Values.Count(r => r.OpenedBy == member.Address) >= SignalingLimits.MaxRoomsPerAddress)
                {
                    return SignalingMessage.Error("too-many-rooms", $"One address may open {SignalingLimits.MaxRoomsPerAddress} rooms.");
                }

                room = _rooms[join.Room!] = new Room(join.Room!, member.Address);
            }

            if (room.Members.TryGetValue(member.PeerId, out replaced))
            {
                if (join.Ticket is null || !CryptographicOperations.FixedTimeEquals(System.Text.Encoding.UTF8.GetBytes(join.Ticket), System.Text.Encoding.UTF8.GetBytes(replaced.Ticket)))
                {
                    return SignalingMessage.Error("peer-id-taken", "Another member has this peer id.");
                }
            }
            else if (room.Members.Count >= SignalingLimits.MaxMembersPerRoom)
            {
                return SignalingMessage.Error("room-full", $"The room has {SignalingLimits.MaxMembersPerRoom} members.");
            }

            member.Room = room;
            member.Ticket = replaced?.Ticket ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TicketLength));
            string[] others = [.. room.Members.Keys.Where(id => id != member.PeerId)];
            room.Members[member.PeerId] = member;
            member.Send(new SignalingMessage { Type = "joined", V = SignalingLimits.Version, Ticket = member.Ticket, Peers = others, IceServers = iceServers });
            Trace?.Invoke($"{member.PeerId} from {member.Address} has joined {room.Name}{(replaced is null ? "" : " again")}: {room.Members.Count} members");
            if (replaced is null)
            {
                room.Tell(member, new SignalingMessage { Type = "peer-joined", Peer = member.PeerId });
            }
        }

        replaced?.End();
        return null;
    }

    private bool IsTooFast(string address)
    {
        long now = _time.GetTimestamp();
        if (!_joins.TryGetValue(address, out Queue<long>? joins))
        {
            joins = _joins[address] = new Queue<long>();
        }

        while (joins.Count > 0 && _time.GetElapsedTime(joins.Peek(), now) > TimeSpan.FromMinutes(1))
        {
            joins.Dequeue();
        }

        if (joins.Count >= SignalingLimits.MaxJoinsPerMinute)
        {
            return true;
        }

        joins.Enqueue(now);
        foreach (string idle in _joins.Where(j => j.Key != address && (j.Value.Count == 0 || _time.GetElapsedTime(j.Value.Last(), now) > TimeSpan.FromMinutes(1))).Select(j => j.Key).ToArray())
        {
            _joins.Remove(idle);
        }

        return false;
    }

    private async Task ReadAsync(Member member, IMessageSocket socket, CancellationToken cancellationToken)
    {
        while (await socket.ReceiveAsync(cancellationToken).ConfigureAwait(false) is { } text)
        {
            SignalingMessage? message = SignalingMessage.Parse(text);
            if (message is not { Type: "signal", To: not null, Data: not null })
            {
                member.Send(SignalingMessage.Error("bad-message", "Only signal messages may follow a join."));
                return;
            }

            lock (_gate)
            {
                if (member.Room!.Members.TryGetValue(message.To, out Member? target) && target != member)
                {
                    target.Send(new SignalingMessage { Type = "signal", From = member.PeerId, Data = message.Data });
                }
                else
                {
                    member.Send(SignalingMessage.Error("unknown-peer", $"{(SignalingLimits.IsPeerId(message.To) ? message.To : "The peer")} is not in the room."));
                }
            }
        }
    }

    private void Leave(Member member)
    {
        lock (_gate)
        {
            Room room = member.Room!;
            if (room.Members.TryGetValue(member.PeerId, out Member? present) && present == member)
            {
                room.Members.Remove(member.PeerId);
                Trace?.Invoke($"{member.PeerId} has left {room.Name}: {room.Members.Count} members");
                room.Tell(member, new SignalingMessage { Type = "peer-left", Peer = member.PeerId });
                if (room.Members.Count == 0)
                {
                    _rooms.Remove(room.Name);
                }
            }
        }
    }

    private sealed class Room(string name, string openedBy)
    {
        public string Name => name;

        public string OpenedBy => openedBy;

        public Dictionary<string, Member> Members { get; } = [];

        public void Tell(Member except, SignalingMessage message)
        {
            foreach (Member member in Members.Values)
            {
                if (member != except)
                {
                    member.Send(message);
                }
            }
        }
    }

    private sealed class Member(string peerId, string address, CancellationTokenSource stop)
    {
        public string PeerId => peerId;

        public string Address => address;

        public string Ticket { get; set; } = "";

        public Room? Room { get; set; }

        public Channel<SignalingMessage> Outgoing { get; } = Channel.CreateBounded<SignalingMessage>(SignalingLimits.MaxQueuedMessages);

        /// <summary>Queues a message; a member that does not read is dropped.</summary>
        public void Send(SignalingMessage message)
        {
            if (!Outgoing.Writer.TryWrite(message))
            {
                End();
            }
        }

        public void End()
        {
            try
            {
                _ = stop.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // It has ended by itself.
            }
        }
    }
}
