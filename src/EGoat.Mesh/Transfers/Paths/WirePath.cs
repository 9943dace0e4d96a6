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
        bool isAllowed = IsAllowed(path, rules, out refusal);
        components = isAllowed ? path.Split('/') : [];
        return isAllowed;
    }

    /// <summary>Whether a wire path is allowed; else why it is refused.</summary>
    public static bool IsAllowed(string path, PathRules rules, out string refusal)
    {
        refusal = "";
        if (path.Length is 0 or > Manifest.MaxPathLength)
        {
            refusal = path.Length == 0 ? "it is empty" : $"it is longer than {Manifest.MaxPathLength} characters";
            return false;
        }

        if (path.AsSpan().Count('/') >= MaxDepth)
        {
            refusal = $"it has more than {MaxDepth} levels";
            return false;
        }

        foreach (Range range in path.AsSpan().Split('/'))
        {
            ReadOnlySpan<char> component = path.AsSpan()[range];
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
    /// Checks all paths of a manifest together: each by itself, no two the same file, none both a file and a folder. What is left without
    /// those that are refused has room beside each other.
    /// </summary>
    /// <param name="entries">The paths in order, and whether each is a folder.</param>
    /// <param name="rules">The platform's rules.</param>
    /// <returns>The places of those that are refused, each with the reason, in which the path is escaped for display.</returns>
    /// <remarks>It takes a number for each path, and no more of a path however many folders it names: manifests are hostile.</remarks>
    public static IReadOnlyDictionary<int, string> FindRefused(IReadOnlyList<(string Path, bool IsFolder)> entries, PathRules rules)
    {
        var refused = new Dictionary<int, string>();
        var keys = new string[entries.Count];
        var order = new List<int>(entries.Count);
        for (int i = 0; i < entries.Count; i++)
        {
            keys[i] = "";
            if (IsAllowed(entries[i].Path, rules, out string why))
            {
                keys[i] = CollisionKey(entries[i].Path, rules);
                order.Add(i);
            }
            else
            {
                Refuse(i, why);
            }
        }

        // In this order equal paths follow each other, and a path is followed by everything below it.
        order.Sort((a, z) => CompareByLevels(keys[a], keys[z]) is var compared && compared != 0 ? compared : a - z);
        int last = -1;
        foreach (int i in order)
        {
            if (last >= 0 && keys[last] == keys[i])
            {
                Refuse(i, "it is there twice");
                continue;
            }

            if (last >= 0 && !entries[last].IsFolder && keys[i].Length > keys[last].Length && keys[i][keys[last].Length] == '/' && keys[i].StartsWith(keys[last], StringComparison.Ordinal))
            {
                Refuse(last, "it is both a file and a folder");
            }

            last = i;
        }

        return refused;

        void Refuse(int i, string why) => refused[i] = $"The name {VisibleText.Quote(entries[i].Path)} is refused: {why}.";
    }

    /// <summary>Whether a name is that of a partial file.</summary>
    public static bool IsPartial(ReadOnlySpan<char> name) =>
        name.StartsWith(PartialPrefix, StringComparison.OrdinalIgnoreCase) && name.EndsWith(PartialSuffix, StringComparison.OrdinalIgnoreCase);

    // Ordinal, but for '/', which comes before everything else.
    private static int CompareByLevels(string a, string z)
    {
        int common = a.AsSpan().CommonPrefixLength(z);
        return common == a.Length || common == z.Length ? a.Length - z.Length
            : a[common] == '/' ? -1
            : z[common] == '/' ? 1
            : a[common] - z[common];
    }

    private static string? Refuse(ReadOnlySpan<char> component)
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

        if (component.IndexOfAnyInRange('\0', '\x1f') >= 0 || component.IndexOfAnyInRange('\x7f', '\x9f') >= 0)
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

        return IsPartial(component)
            ? "such names are kept for partial files"
            : null;
    }

    private static string? RefuseOnUnix(ReadOnlySpan<char> component) =>
        Encoding.UTF8.GetByteCount(component) > PathRules.MaxComponentLength ? "a part is longer than 255 bytes" : null;

    private static string? RefuseOnWindows(ReadOnlySpan<char> component)
    {
        if (component.Length > PathRules.MaxComponentLength)
        {
            return "a part is longer than 255 characters";
        }

        if (component.ContainsAny(WindowsReserved))
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
    private static bool IsDevice(ReadOnlySpan<char> component)
    {
        int dot = component.IndexOf('.');
        ReadOnlySpan<char> stem = (dot < 0 ? component : component[..dot]).TrimEnd(' ');
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
