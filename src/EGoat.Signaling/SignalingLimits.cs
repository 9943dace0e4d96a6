namespace EGoat.Signaling;

/// <summary>What a signaling server allows. Whatever goes beyond is refused or closed, never queued.</summary>
public static class SignalingLimits
{
    /// <summary>The version of the signaling protocol.</summary>
    public const int Version = 1;

    /// <summary>The longest frame in bytes of UTF-8; a longer one ends the socket.</summary>
    public const int MaxFrameLength = 64 * 1024;

    /// <summary>Members of a room; more are refused with <c>room-full</c>. A full mesh of 64 is 2,016 connections.</summary>
    public const int MaxMembersPerRoom = 64;

    /// <summary>Rooms that one address may open; more are refused with <c>too-many-rooms</c>.</summary>
    public const int MaxRoomsPerAddress = 64;

    /// <summary>Joins that one address may make in a minute; more are refused with <c>too-fast</c>.</summary>
    public const int MaxJoinsPerMinute = 240;

    /// <summary>Messages that wait for a member that does not read; one more ends its socket.</summary>
    public const int MaxQueuedMessages = 512;

    /// <summary>Characters of a room name.</summary>
    public const int MaxRoomNameLength = 64;

    /// <summary>Time for the <c>join</c> that must come first.</summary>
    public static readonly TimeSpan JoinTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Whether a room may be called so: letters, digits, '-', '_' and '.'.</summary>
    public static bool IsRoomName(string? name) =>
        name is { Length: > 0 and <= MaxRoomNameLength } && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>Whether this is 16 bytes in lower-case base32.</summary>
    public static bool IsPeerId(string? id) => id is { Length: 26 } && id.All(c => c is (>= 'a' and <= 'z') or (>= '2' and <= '7'));
}
