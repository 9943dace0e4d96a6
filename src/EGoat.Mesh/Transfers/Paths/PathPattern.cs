using System.IO.Enumeration;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// Patterns with <c>*</c> and <c>?</c> that choose files of a transfer. One without <c>/</c> is compared with names, one with
/// it with the whole relative path, where <c>*</c> stands for any part of it. Letters match in either case.
/// </summary>
internal static class PathPattern
{
    /// <summary>Whether a file is meant: by any pattern to include, if there are some, and by none to exclude.</summary>
    /// <param name="path">The relative path with forward slashes.</param>
    /// <param name="include">Patterns of files; none means all.</param>
    /// <param name="exclude">Patterns of files, and of folders with everything in them.</param>
    public static bool Selects(string path, IReadOnlyList<string> include, IReadOnlyList<string> exclude) =>
        (include.Count == 0 || include.Any(p => Matches(p, path))) && !Excludes(path, exclude);

    /// <summary>Whether a path or a folder above it is excluded.</summary>
    public static bool Excludes(string path, IReadOnlyList<string> exclude)
    {
        if (exclude.Count == 0)
        {
            return false;
        }

        for (int end = path.IndexOf('/', StringComparison.Ordinal); end >= 0; end = path.IndexOf('/', end + 1))
        {
            string folder = path[..end];
            if (exclude.Any(p => Matches(p, folder)))
            {
                return true;
            }
        }

        return exclude.Any(p => Matches(p, path));
    }

    private static bool Matches(string pattern, string path)
    {
        // A backslash would escape the next character; in a pattern it is a separator that somebody typed on Windows.
        string expression = pattern.Replace('\\', '/').TrimEnd('/');
        ReadOnlySpan<char> name = expression.Contains('/', StringComparison.Ordinal) ? path : path.AsSpan(path.LastIndexOf('/') + 1);
        return FileSystemName.MatchesSimpleExpression(expression, name, ignoreCase: true);
    }
}
