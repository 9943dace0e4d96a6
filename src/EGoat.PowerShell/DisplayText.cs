namespace EGoat.PowerShell;

/// <summary>Text for people on a console.</summary>
internal static class DisplayText
{
    /// <summary>A number of bytes, as <c>1.5 MiB</c>.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        < 1024 => $"{bytes:F0} B",
        < 1024 * 1024 => $"{bytes / 1024:F1} KiB",
        < 1024 * 1024 * 1024 => $"{bytes / (1024 * 1024):F1} MiB",
        _ => $"{bytes / (1024 * 1024 * 1024):F1} GiB",
    };
}
