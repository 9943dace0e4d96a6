using System.Buffers;
using System.Text;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// The one place where a path from the wire becomes a path below the receive root, or is refused. A wire path is hostile: it is
/// relative, its separator is '/', and every component must be an ordinary name by the rules of the receiving platform. Names
/// that would be harmless on this platform but mean a path or a device elsewhere (a backslash, a drive letter) are refused on
/// all. Wildcards, quotes, dollar signs and leading dashes are ordinary characters: nothing here is ever given to a shell.
/// </summary>
internal static class WirePath
{
    /// <summary>The most components of a path.</summary>
    public const int MaxDepth = 64;

    /// <summary>What partial files of this program are called; such names are not received.</summary>
    public const string PartialPrefix = ".egoat-";
    public const string PartialSuffix = ".part";

    private static readonly SearchValues<char> WindowsReserved = SearchValues.Create("<>:\"|?*");

    private static readonly string[] DeviceNames = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

    /// <summary>Splits a wire path into its components, or says why it is refused.</summary>
    public static bool TrySplit(string path, PathRules rules, out string[] components, out string refusal)
    {
        components = [];
        refusal = "";
        if (path.Length is 0 or > Manifest.MaxPathLength)
        {
            refusal = path.Length == 0 ? "it is empty" : $"it is longer than {Manifest.MaxPathLength} characters";
            return false;
        }

        components = path.Split('/');
        if (components.Length > MaxDepth)
        {
            refusal = $"it has more than {MaxDepth} levels";
            return false;
        }

        foreach (string component in components)
        {
            refusal = Refuse(component) ?? (rules.IsWindows ? RefuseOnWindows(component) : RefuseOnUnix(component)) ?? "";
            if (refusal.Length > 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Two paths with equal keys would be the same file.</summary>
    public static string CollisionKey(string path, PathRules rules) =>
        rules.IgnoresCase ? path.Normalize(NormalizationForm.FormC).ToUpperInvariant() : path;

    /// <summary>
    /// Checks all paths of a manifest together: each by itself, no two the same file, none both a file and a folder.
    /// </summary>
    /// <param name="entries">The paths in order, and whether each is a folder.</param>
    /// <param name="rules">The platform's rules.</param>
    /// <param name="refusal">Which path is refused and why, with the path escaped for display.</param>
    public static bool TryCheckAll(IEnumerable<(string Path, bool IsFolder)> entries, PathRules rules, out string refusal)
    {
        var all = new HashSet<string>(StringComparer.Ordinal);
        var files = new List<string>();
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string path, bool isFolder) in entries)
        {
            if (!TrySplit(path, rules, out _, out string why))
            {
                refusal = $"the name {VisibleText.Quote(path)} is refused: {why}";
                return false;
            }

            string key = CollisionKey(path, rules);
            if (!all.Add(key))
            {
                refusal = $"the name {VisibleText.Quote(path)} is refused: it is there twice";
                return false;
            }

            if (!isFolder)
            {
                files.Add(key);
            }

            for (int end = key.LastIndexOf('/'); end > 0 && folders.Add(key[..end]); end = key.LastIndexOf('/', end - 1))
            {
            }
        }

        if (files.Find(folders.Contains) is { } both)
        {
            refusal = $"the name {VisibleText.Quote(both)} is refused: it is both a file and a folder";
            return false;
        }

        refusal = "";
        return true;
    }

    private static string? Refuse(string component)
    {
        if (component.Length == 0)
        {
            return "it has an empty part (a path must be relative, without '//' or a '/' at an end)";
        }

        if (component is "." or "..")
        {
            return "it leaves its folder";
        }

        if (component.Contains('\\'))
        {
            return "it has a backslash";
        }

        if (component.Length >= 2 && component[1] == ':' && char.IsAsciiLetter(component[0]))
        {
            return "it names a drive or a stream";
        }

        if (component.AsSpan().IndexOfAnyInRange('\0', '\x1f') >= 0 || component.AsSpan().IndexOfAnyInRange('\x7f', '\x9f') >= 0)
        {
            return "it has a control character";
        }

        for (int i = 0; i < component.Length; i++)
        {
            if (char.IsSurrogate(component[i]))
            {
                if (i + 1 == component.Length || !char.IsSurrogatePair(component[i], component[i + 1]))
                {
                    return "it is not valid Unicode";
                }

                i++;
            }
        }

        return component.StartsWith(PartialPrefix, StringComparison.OrdinalIgnoreCase)
            && component.EndsWith(PartialSuffix, StringComparison.OrdinalIgnoreCase)
            ? "such names are kept for partial files"
            : null;
    }

    private static string? RefuseOnUnix(string component) =>
        Encoding.UTF8.GetByteCount(component) > PathRules.MaxComponentLength ? "a part is longer than 255 bytes" : null;

    private static string? RefuseOnWindows(string component)
    {
        if (component.Length > PathRules.MaxComponentLength)
        {
            return "a part is longer than 255 characters";
        }

        if (component.AsSpan().ContainsAny(WindowsReserved))
        {
            return "it has a character that Windows keeps for itself";
        }

        if (component[^1] is '.' or ' ')
        {
            return "it ends in a dot or a space";
        }

        return IsDevice(component) ? "it is the name of a device" : null;
    }

    /// <summary>Windows takes NUL, nul.txt, "nul .txt", COM1 to COM9 (superscript digits too) and the like for devices.</summary>
    private static bool IsDevice(string component)
    {
        int dot = component.IndexOf('.');
        ReadOnlySpan<char> stem = (dot < 0 ? component : component.AsSpan(0, dot)).TrimEnd(' ');
        foreach (string device in DeviceNames)
        {
            if (stem.Equals(device, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return stem.Length == 4
            && (stem.StartsWith("COM", StringComparison.OrdinalIgnoreCase) || stem.StartsWith("LPT", StringComparison.OrdinalIgnoreCase))
            && stem[3] is (>= '0' and <= '9') or '¹' or '²' or '³';
    }
}
