namespace EGoat.Mesh.Transfers;

/// <summary>Tells Windows that a file came from elsewhere, so that it asks before it runs it.</summary>
internal static class MarkOfTheWeb
{
    /// <summary>The stream that holds it, and the zone of the Internet.</summary>
    private const string StreamName = ":Zone.Identifier";
    private const string Content = "[ZoneTransfer]\r\nZoneId=3\r\n";

    /// <summary>Marks a file by the rules of a platform, where the file system can.</summary>
    public static void Set(string path, PathRules rules)
    {
        if (!rules.IsWindows)
        {
            return;
        }

        try
        {
            File.WriteAllText(path + StreamName, Content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // A file system without streams, as on most memory sticks.
        }
    }
}
