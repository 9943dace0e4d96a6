namespace EGoat.Mesh;

/// <summary>The rule for room names: 1 to 64 Unicode letters, digits, '-', '_' and '.' (docs/protocol.md §1).</summary>
public static class RoomName
{
    /// <summary>The longest room name in characters.</summary>
    public const int MaxLength = 64;

    /// <summary>Checks a room name.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="name">The name, without white space around it; empty when it is not valid.</param>
    /// <returns>Whether it is a valid room name.</returns>
    public static bool TryParse(string? text, out string name)
    {
        name = text?.Trim() ?? "";
        bool isValid = name.Length is > 0 and <= MaxLength && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.');
        name = isValid ? name : "";
        return isValid;
    }
}
