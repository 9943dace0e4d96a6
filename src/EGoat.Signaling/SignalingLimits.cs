namespace EGoat.Signaling;

/// <summary>What the signaling protocol allows, whoever serves it (docs/protocol.md §2).</summary>
public static class SignalingLimits
{
    /// <summary>The version of the signaling protocol.</summary>
    public const int Version = 1;

    /// <summary>The longest frame in bytes of UTF-8; a longer one ends the socket.</summary>
    public const int MaxFrameLength = 64 * 1024;

    /// <summary>Characters of a room name.</summary>
    public const int MaxRoomNameLength = 64;

    /// <summary>Whether a room may be called so: letters, digits, '-', '_' and '.', or the id of a room with a key, '~' and 16 bytes in base32.</summary>
    public static bool IsRoomName(string? name) => name is ['~', .. string id]
        ? IsPeerId(id)
        : name is { Length: > 0 and <= MaxRoomNameLength } && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>Whether this is 16 bytes in lower-case base32.</summary>
    public static bool IsPeerId(string? id) => id is { Length: 26 } && id.All(c => c is (>= 'a' and <= 'z') or (>= '2' and <= '7'));
}
