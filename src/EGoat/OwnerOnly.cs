using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;

namespace EGoat;

/// <summary>
/// Folders and files that only their owner can read: made so, before anything is in them. On Unix by their mode (0700, 0600,
/// whatever the umask), on Windows by an access list that inherits nothing.
/// </summary>
internal static class OwnerOnly
{
    /// <summary>The mode of a folder.</summary>
    public const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The mode of a file.</summary>
    public const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode OfOthers = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const UnixFileMode Writable = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Makes a folder, and those above it that are missing. One that is there stays as it is.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be made.</exception>
    public static void CreateFolder(string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Directory.Exists(path))
        {
            return;
        }

        if (Path.GetDirectoryName(path) is { } parent)
        {
            CreateFolder(parent);
        }

        if (OperatingSystem.IsWindows())
        {
            CreateWindowsFolder(path);
        }
        else
        {
            Directory.CreateDirectory(path, FolderMode);
        }
    }

    /// <summary>Makes a file that must not be there yet, and opens it for writing.</summary>
    /// <exception cref="IOException">It is there, or cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be made.</exception>
    public static FileStream CreateFile(string path) => OperatingSystem.IsWindows()
        ? CreateWindowsFile(path)
        : new FileStream(path, new FileStreamOptions { Mode = System.IO.FileMode.CreateNew, Access = FileAccess.ReadWrite, UnixCreateMode = FileMode });

    /// <summary>Whether others than the owner may read or change a file or folder. Only known on Unix.</summary>
    public static bool IsOpenToOthers(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & OfOthers) != 0;

    /// <summary>Whether others than the owner may change a file or folder; a folder whose files only their owners can remove does not count. Only known on Unix.</summary>
    public static bool IsWritableByOthers(string path) =>
        !OperatingSystem.IsWindows() && File.GetUnixFileMode(path) is var mode && (mode & Writable) != 0 && !mode.HasFlag(UnixFileMode.StickyBit);

    /// <summary>Takes every right of others away. False if this user may not.</summary>
    public static bool TryClose(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        try
        {
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) & ~OfOthers);
            return !IsOpenToOthers(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [SupportedOSPlatform("windows")]
    private static void CreateWindowsFolder(string path)
    {
        var security = new DirectorySecurity();
        security.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
        security.AddAccessRule(new FileSystemAccessRule(
            CurrentUser(), FileSystemRights.FullControl, InheritanceFlags.ContainerInherit | InheritanceFlags.ObjectInherit, PropagationFlags.None, AccessControlType.Allow));
        new DirectoryInfo(path).Create(security);
    }

    [SupportedOSPlatform("windows")]
    private static FileStream CreateWindowsFile(string path)
    {
        var security = new FileSecurity();
        security.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
        security.AddAccessRule(new FileSystemAccessRule(CurrentUser(), FileSystemRights.FullControl, AccessControlType.Allow));
        return new FileInfo(path).Create(System.IO.FileMode.CreateNew, FileSystemRights.Read | FileSystemRights.Write, FileShare.Read, bufferSize: 4096, FileOptions.None, security);
    }

    [SupportedOSPlatform("windows")]
    private static SecurityIdentifier CurrentUser()
    {
        using WindowsIdentity identity = WindowsIdentity.GetCurrent();
        return identity.User ?? throw new UnauthorizedAccessException("The current user has no security identifier.");
    }
}
