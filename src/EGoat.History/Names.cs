namespace EGoat.History;

/// <summary>Values of enumerations by their names, and only by them.</summary>
internal static class Names
{
    /// <exception cref="FormatException">It is none of them.</exception>
    public static T Parse<T>(string text)
        where T : struct, Enum => Enum.TryParse(text, ignoreCase: false, out T value) && Enum.GetName(value) == text ? value : throw new FormatException($"It has none of the values {string.Join(", ", Enum.GetNames<T>())}.");
}
