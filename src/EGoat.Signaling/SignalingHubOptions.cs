namespace EGoat.Signaling;

/// <summary>
/// What a <see cref="SignalingHub"/> tells its members, and what it allows them. An address is an IPv4 address or an IPv6 /64.
/// Whoever goes beyond a limit is told so and refused or closed; nobody else notices.
/// </summary>
public sealed record SignalingHubOptions
{
    /// <summary>The STUN and TURN servers that members are told of. Default: none.</summary>
    public IReadOnlyList<IceServerEntry> IceServers { get; init; } = [];

    /// <summary>What <c>join</c>, <c>slot-open</c> and <c>slot-join</c> must bring along as <c>token</c>, else <c>bad-token</c>. Default: nothing.</summary>
    public string? AccessToken { get; init; }

    /// <summary>Members of a room; more are refused with <c>room-full</c>. Default 64: a full mesh of 64 is 2,016 connections.</summary>
    public int MaxMembersPerRoom { get; init; } = 64;

    /// <summary>Members of a room from one address, so that nobody takes all its places; more are refused with <c>room-full</c>. Default 48.</summary>
    public int MaxMembersPerRoomAndAddress { get; init; } = 48;

    /// <summary>Rooms that one address may open; more are refused with <c>too-many-rooms</c>. Default 64.</summary>
    public int MaxRoomsPerAddress { get; init; } = 64;

    /// <summary>Joins, of rooms and slots, that one address may try in a minute; more are refused with <c>too-fast</c>. Default 240.</summary>
    public int MaxJoinsPerMinute { get; init; } = 240;

    /// <summary>Slots that one address may hold open; more are refused with <c>too-many-slots</c>. Default 16.</summary>
    public int MaxSlotsPerAddress { get; init; } = 16;

    /// <summary>Bytes that wait for a member that does not read; more end its socket. Default 1 MiB.</summary>
    public int MaxQueuedBytes { get; init; } = 1024 * 1024;

    /// <summary>Bytes that wait for all members together; whoever one more would wait for is closed. Default 64 MiB.</summary>
    public long MaxQueuedBytesInAll { get; init; } = 64 * 1024 * 1024;

    /// <summary>Messages a second that are taken from a member in the long run; it is read more slowly beyond. Default 200.</summary>
    public int MaxMessagesPerSecond { get; init; } = 200;

    /// <summary>Messages that a member may send at once, as it does to introduce itself to a full room. Default 2,000.</summary>
    public int MessageBurst { get; init; } = 2000;

    /// <summary>Time for the first message of a socket. Default 10 s.</summary>
    public TimeSpan JoinTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a slot stays open. Default an hour.</summary>
    public TimeSpan SlotLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Takes a line about who joins, leaves and is refused; null for silence. Called under a lock: it must be quick.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>Where every wait takes its time from. Default: the system's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
