using EGoat.Mesh.Protocol;
using Microsoft.Win32.SafeHandles;

namespace EGoat.Mesh.Transfers;

/// <summary>Gives received files and folders the times and permissions that their sender tells.</summary>
internal static class EntryAttributes
{
    /// <summary>The first millisecond since 1970 that is after the year 9999.</summary>
    private const long EndOfTime = 253_402_300_800_000;

    /// <summary>A file, still open; or a folder, after everything in it.</summary>
    public static void Apply(SafeFileHandle file, ManifestEntry entry, bool isFolder)
    {
        if (entry.ModifiedAt is >= 0 and < EndOfTime)
        {
            File.SetLastWriteTimeUtc(file, DateTimeOffset.FromUnixTimeMilliseconds(entry.ModifiedAt.Value).UtcDateTime);
        }

        if (entry.Mode is { } mode && !OperatingSystem.IsWindows())
        {
            // The owner keeps access to a folder: a transfer that is repeated must get in again.
            File.SetUnixFileMode(file, (UnixFileMode)(mode & Manifest.ModeMask) | (isFolder ? UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute : 0));
        }
    }

    /// <summary>A folder of Windows, which has no permission bits.</summary>
    public static void Apply(string folder, ManifestEntry entry)
    {
        if (entry.ModifiedAt is >= 0 and < EndOfTime)
        {
            Directory.SetLastWriteTimeUtc(folder, DateTimeOffset.FromUnixTimeMilliseconds(entry.ModifiedAt.Value).UtcDateTime);
        }
    }
}
