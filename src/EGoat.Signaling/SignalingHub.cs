using System.Security.Cryptography;
using System.Text;

namespace EGoat.Signaling;

/// <summary>
/// Introduces the members of rooms to each other, and the two ends of slots (docs/protocol.md §2). It relays what they say
/// without reading it, and keeps nothing once they have left.
/// </summary>
public sealed class SignalingHub
{
    /// <summary>How long a socket that was refused, or has said goodbye, has to say goodbye too.</summary>
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(5);

    private readonly SignalingHubOptions _options;
    private readonly HubQueueBudget _budget;
    private readonly HubRooms _rooms;
    private readonly HubSlots _slots;

    /// <summary>Guarded by its own lock.</summary>
    private readonly JoinRate _joins;

    private int _connections;

    /// <summary>Makes a hub.</summary>
    public SignalingHub(SignalingHubOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _budget = new HubQueueBudget(options.MaxQueuedBytesInAll);
        _rooms = new HubRooms(options);
        _slots = new HubSlots(options);
        _joins = new JoinRate(options.MaxJoinsPerMinute, options.Time);
    }

    /// <summary>The rooms that have members, and how many.</summary>
    public IReadOnlyList<(string Name, int Members)> Rooms => _rooms.List();

    /// <summary>The sockets that are served.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The bytes that wait for members that have not read them yet.</summary>
    public long QueuedBytes => _budget.Used;

    /// <summary>Serves a socket until it is closed.</summary>
    /// <param name="socket">The socket; the caller disposes of it.</param>
    /// <param name="address">Where it comes from, for limits.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(IMessageSocket socket, string address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Interlocked.Increment(ref _connections);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var connection = new HubConnection(socket, address, _options.MaxQueuedBytes, _budget, stop);
        Task writing = connection.WriteAsync(stop.Token);
        try
        {
            if (await ServeAsync(socket, connection, stop.Token).ConfigureAwait(false) is { } refusal)
            {
                connection.Send(refusal);
            }

            await SayGoodbyeAsync(socket, connection, writing, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The server stops, or the member was replaced, did not read, or said nothing.
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(false);
            await socket.CloseAsync("bye").ConfigureAwait(false);
            Interlocked.Decrement(ref _connections);
        }
    }

    // What the first message asks for, until the socket is closed; or why it is not served any longer.
    private async Task<SignalingMessage?> ServeAsync(IMessageSocket socket, HubConnection connection, CancellationToken cancellationToken)
    {
        if (await ReceiveFirstAsync(socket, cancellationToken).ConfigureAwait(false) is not { } text)
        {
            return null;
        }

        SignalingMessage? first = SignalingMessage.Parse(text);
        if (FindRefusal(first, connection) is { } refusal)
        {
            return Refuse(connection, first, refusal);
        }

        return first!.Type switch
        {
            "join" => await ServeMemberAsync(socket, connection, first, cancellationToken).ConfigureAwait(false),
            "slot-open" => await ServeSlotAsync(socket, connection, await _slots.OpenAsync(connection).ConfigureAwait(false), cancellationToken).ConfigureAwait(false),
            _ => await ServeSlotAsync(socket, connection, await _slots.JoinAsync(connection, first.N!.Value).ConfigureAwait(false), cancellationToken).ConfigureAwait(false),
        };
    }

    private async Task<string?> ReceiveFirstAsync(IMessageSocket socket, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.JoinTimeout, _options.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        return await socket.ReceiveAsync(both.Token).ConfigureAwait(false);
    }

    private SignalingMessage? FindRefusal(SignalingMessage? first, HubConnection connection)
    {
        SignalingMessage? refusal = first switch
        {
            not { Type: "join" or "slot-open" or "slot-join" } => SignalingMessage.Error("bad-message", "The first message must be a join, a slot-open or a slot-join."),
            not { V: SignalingLimits.Version } => SignalingMessage.Error("unsupported-version", $"This server speaks version {SignalingLimits.Version} of the signaling protocol."),
            { Type: "slot-join", N: null } => SignalingMessage.Error("bad-message", "A slot-join has a number."),
            { Type: "join" } when !SignalingLimits.IsRoomName(first.Room) => SignalingMessage.Error("bad-room", "A room name has 1 to 64 letters, digits, '-', '_' or '.'."),
            { Type: "join" } when !SignalingLimits.IsPeerId(first.Peer) => SignalingMessage.Error("bad-peer", "A peer id has 26 characters of base32."),
            _ => null,
        };
        if (refusal is not null)
        {
            return refusal;
        }

        lock (_joins)
        {
            if (!_joins.TryCount(connection.Prefix))
            {
                return SignalingMessage.Error("too-fast", $"More than {_options.MaxJoinsPerMinute} joins a minute from one address.");
            }
        }

        return _options.AccessToken is { } token && !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(first!.Token ?? ""), Encoding.UTF8.GetBytes(token))
            ? SignalingMessage.Error("bad-token", "This server is private: the URL that it is joined with lacks its #token=, or has another.")
            : null;
    }

    private SignalingMessage Refuse(HubConnection connection, SignalingMessage? first, SignalingMessage refusal)
    {
        _options.Trace?.Invoke($"{(SignalingLimits.IsPeerId(first?.Peer) ? first!.Peer : "somebody")} from {connection.Address} is refused: {refusal.Code}");
        return refusal;
    }

    private async Task<SignalingMessage?> ServeMemberAsync(IMessageSocket socket, HubConnection connection, SignalingMessage join, CancellationToken cancellationToken)
    {
        (HubMember? member, SignalingMessage? refusal) = await _rooms.JoinAsync(connection, join.Room!, join.Peer!, join.Ticket).ConfigureAwait(false);
        if (member is null)
        {
            return Refuse(connection, join, refusal!);
        }

        try
        {
            var rate = new MessageRate(_options.MaxMessagesPerSecond, _options.MessageBurst, _options.Time);
            while (await socket.ReceiveAsync(cancellationToken).ConfigureAwait(false) is { } text)
            {
                await rate.WaitAsync(cancellationToken).ConfigureAwait(false);
                switch (SignalingMessage.Parse(text))
                {
                    case { Type: "ping" }:
                        connection.Send(new SignalingMessage { Type = "pong" });
                        break;
                    case { Type: "signal", To: { } to, Data: { } data }:
                        if (!await _rooms.PassAsync(member, to, data).ConfigureAwait(false))
                        {
                            connection.Send(SignalingMessage.Error("unknown-peer", $"{(SignalingLimits.IsPeerId(to) ? to : "The peer")} is not in the room."));
                        }

                        break;
                    default:
                        return SignalingMessage.Error("bad-message", "Only signal messages may follow a join.");
                }
            }

            return null;
        }
        finally
        {
            await _rooms.LeaveAsync(member).ConfigureAwait(false);
        }
    }

    private async Task<SignalingMessage?> ServeSlotAsync(IMessageSocket socket, HubConnection connection, (HubSlotEnd? End, SignalingMessage? Refusal) taken, CancellationToken cancellationToken)
    {
        if (taken.End is not { } end)
        {
            return taken.Refusal;
        }

        try
        {
            using var lifetime = new CancellationTokenSource(_options.SlotLifetime, _options.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.Token);
            var rate = new MessageRate(_options.MaxMessagesPerSecond, _options.MessageBurst, _options.Time);
            while (await socket.ReceiveAsync(either.Token).ConfigureAwait(false) is { } text)
            {
                await rate.WaitAsync(either.Token).ConfigureAwait(false);
                switch (SignalingMessage.Parse(text))
                {
                    case { Type: "ping" }:
                        connection.Send(new SignalingMessage { Type = "pong" });
                        break;
                    case { Type: "slot-say", Data: { } data }:
                        if (!await _slots.PassAsync(end, data).ConfigureAwait(false))
                        {
                            connection.Send(SignalingMessage.Error("nobody-there", "Nobody is at the other end of the slot."));
                        }

                        break;
                    default:
                        return SignalingMessage.Error("bad-message", "Only slot-say messages may follow in a slot.");
                }
            }

            return null;
        }
        finally
        {
            await _slots.LeaveAsync(end).ConfigureAwait(false);
        }
    }

    // A socket that is dropped with something unread is reset, and the reset takes along what was sent to it: the goodbye of the
    // other side is waited for.
    private async Task SayGoodbyeAsync(IMessageSocket socket, HubConnection connection, Task writing, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(FarewellTimeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        connection.Complete();
        await writing.WaitAsync(either.Token).ConfigureAwait(false);
        await socket.CloseAsync("bye").ConfigureAwait(false);
        while (await socket.ReceiveAsync(either.Token).ConfigureAwait(false) is not null)
        {
            // It was refused: nothing that it says counts.
        }
    }
}
