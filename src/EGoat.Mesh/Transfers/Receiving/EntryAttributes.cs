using EGoat.Mesh.Protocol;
using Microsoft.Win32.SafeHandles;

namespace EGoat.Mesh.Transfers;

/// <summary>Gives received files and folders the times and permissions that their sender tells, where the file system lets it.</summary>
internal static class EntryAttributes
{
    /// <summary>The first millisecond since 1970 that is after the year 9999.</summary>
    private const long EndOfTime = 253_402_300_800_000;

    /// <summary>What a file gets whose sender tells nothing, before the umask.</summary>
    private const UnixFileMode OrdinaryFile = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private const UnixFileMode OwnerOfFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>A file, still open; returns what could not be set, for people, or null.</summary>
    public static string? ApplyToFile(SafeFileHandle file, ManifestEntry entry, bool preserveMode) =>
        Join(TrySetTime(file, entry), OperatingSystem.IsWindows() ? null : TrySetMode(file, GetFileMode(entry, preserveMode)));

    /// <summary>A folder, after everything in it. Its owner keeps access: a transfer that is repeated must get in again.</summary>
    public static void ApplyToFolder(SafeFileHandle folder, ManifestEntry entry, bool preserveMode)
    {
        _ = TrySetTime(folder, entry);
        if (entry.Mode is { } mode && !OperatingSystem.IsWindows())
        {
            _ = TrySetMode(folder, Limit((UnixFileMode)(mode & Manifest.ModeMask), preserveMode) | OwnerOfFolder);
        }
    }

    /// <summary>A folder of Windows, which has no permission bits.</summary>
    public static void ApplyToFolder(string folder, ManifestEntry entry)
    {
        if (entry.ModifiedAt is >= 0 and < EndOfTime)
        {
            _ = Try("time", () => Directory.SetLastWriteTimeUtc(folder, Time(entry)));
        }
    }

    private static UnixFileMode GetFileMode(ManifestEntry entry, bool preserveMode) =>
        entry.Mode is { } mode ? Limit((UnixFileMode)(mode & Manifest.ModeMask), preserveMode) : Limit(OrdinaryFile, preserveMode: false);

    private static UnixFileMode Limit(UnixFileMode mode, bool preserveMode) => preserveMode ? mode : mode & ~Umask.Value;

    private static string? TrySetTime(SafeFileHandle file, ManifestEntry entry) =>
        entry.ModifiedAt is >= 0 and < EndOfTime ? Try("time", () => File.SetLastWriteTimeUtc(file, Time(entry))) : null;

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static string? TrySetMode(SafeFileHandle file, UnixFileMode mode) => Try("permissions", () => File.SetUnixFileMode(file, mode));

    private static DateTime Time(ManifestEntry entry) => DateTimeOffset.FromUnixTimeMilliseconds(entry.ModifiedAt!.Value).UtcDateTime;

    // Some file systems keep neither, or let only the owner of the whole change them: the content is no worse for it.
    private static string? Try(string what, Action set)
    {
        try
        {
            set();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"Its {what} could not be set: {TransferException.From(e).Message}";
        }
    }

    private static string? Join(string? first, string? second) => first is null ? second : second is null ? first : $"{first} {second}";
}
