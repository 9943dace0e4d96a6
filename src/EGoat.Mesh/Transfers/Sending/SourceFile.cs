using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>A file or folder to send.</summary>
/// <param name="Path">The full local path; empty for a stream.</param>
/// <param name="Name">The name that the receiver sees: a relative path with forward slashes.</param>
/// <param name="Length">Its length when the transfer began, in bytes; -1 for a stream.</param>
/// <param name="ModifiedAt">When it was last written, in milliseconds since 1970; null for a stream.</param>
/// <param name="Mode">Its Unix permission bits; null where there are none.</param>
/// <param name="IsFolder">Whether it is a folder.</param>
/// <param name="Source">Tells it from other files of the same name (<see cref="SourceIds"/>); null for a folder or a stream.</param>
internal sealed record SourceFile(string Path, string Name, long Length, long? ModifiedAt, int? Mode, bool IsFolder = false, string? Source = null)
{
    /// <summary>Describes a file as it is now.</summary>
    public static SourceFile FromFile(FileInfo info, string name, SourceIds? ids = null) =>
        new(info.FullName, name, info.Length, Milliseconds(info.LastWriteTimeUtc), GetMode(info), Source: ids?.Create(info.FullName, name));

    /// <summary>Describes a folder as it is now.</summary>
    public static SourceFile FromFolder(DirectoryInfo info, string name) => new(info.FullName, name, 0, Milliseconds(info.LastWriteTimeUtc), GetMode(info), IsFolder: true);

    /// <summary>A time as manifests tell it.</summary>
    public static long Milliseconds(DateTime utc) => new DateTimeOffset(utc).ToUnixTimeMilliseconds();

    private static int? GetMode(FileSystemInfo info) => OperatingSystem.IsWindows() ? null : (int)info.UnixFileMode & Manifest.ModeMask;
}
