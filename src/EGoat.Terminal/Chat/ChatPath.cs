namespace EGoat.Terminal;

/// <summary>A path as people type it: quoted or not, <c>~</c> for their home.</summary>
internal static class ChatPath
{
    /// <summary>The path that is meant.</summary>
    public static string Parse(string typed)
    {
        string path = typed is ['"', .., '"'] or ['\'', .., '\''] && typed.Length > 2 ? typed[1..^1] : typed;
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return path is "~" ? home : path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(home, path[2..]) : path;
    }

    /// <summary>Paths that begin so, as they are typed: folders end with a slash, those with spaces stand in quotes.</summary>
    public static IReadOnlyList<string> Complete(string typed)
    {
        bool isQuoted = typed.StartsWith('"');
        string plain = typed.Trim('"');
        int slash = plain.LastIndexOf('/');
        if (OperatingSystem.IsWindows())
        {
            slash = Math.Max(slash, plain.LastIndexOf('\\'));
        }

        string typedFolder = plain[..(slash + 1)];
        string start = plain[(slash + 1)..];
        string folder = typedFolder.Length == 0 ? "." : Parse(typedFolder);
        try
        {
            return [.. new DirectoryInfo(folder).EnumerateFileSystemInfos()
                .Where(f => f.Name.StartsWith(start, StringComparison.Ordinal) && (start.StartsWith('.') || !f.Name.StartsWith('.')) && VisibleText.IsClean(f.Name))
                .Take(Completion.MaxShown + 1)
                .OrderBy(f => f.Name, StringComparer.Ordinal)
                .Select(f => Quote(typedFolder + f.Name, f is DirectoryInfo, isQuoted))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }

    // A folder's quote stays open: more follows.
    private static string Quote(string path, bool isFolder, bool isQuoted)
    {
        bool needsQuotes = isQuoted || path.Contains(' ', StringComparison.Ordinal);
        return isFolder ? $"{(needsQuotes ? "\"" : "")}{path}/" : needsQuotes ? $"\"{path}\"" : path;
    }
}
