using System.Globalization;

namespace EGoat.PowerShell;

/// <summary>Text for people on a console.</summary>
internal static class DisplayText
{
    /// <summary>Text from a peer, without what could move the cursor or hide itself.</summary>
    public static string Clean(string text) => string.Concat(text.Select(c => IsInert(c) ? c : '\uFFFD'));

    /// <summary>Whether text shows as it is.</summary>
    public static bool IsClean(string text) => text.All(IsInert);

    /// <summary>A number of bytes, as <c>1.5 MiB</c>.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        < 1024 => $"{bytes:F0} B",
        < 1024 * 1024 => $"{bytes / 1024:F1} KiB",
        < 1024 * 1024 * 1024 => $"{bytes / (1024 * 1024):F1} MiB",
        _ => $"{bytes / (1024 * 1024 * 1024):F1} GiB",
    };

    private static bool IsInert(char c) => !char.IsControl(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format;
}
