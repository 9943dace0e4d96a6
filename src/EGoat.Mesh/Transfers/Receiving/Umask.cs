using System.Runtime.InteropServices;

namespace EGoat.Mesh.Transfers;

/// <summary>The permission bits that this process gives to no file of its own.</summary>
internal static partial class Umask
{
    private const uint OwnerOnly = 0x3F; // 077

    /// <summary>The umask as it was when it was first asked for; none on Windows.</summary>
    public static UnixFileMode Value { get; } = OperatingSystem.IsWindows() ? UnixFileMode.None : Read();

    // Linux tells it; elsewhere it can only be replaced, for a moment by one that keeps everything private.
    private static UnixFileMode Read()
    {
        const string label = "Umask:";
        if (OperatingSystem.IsLinux() && File.Exists("/proc/self/status") &&
            File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith(label, StringComparison.Ordinal)) is { } line)
        {
            return (UnixFileMode)Convert.ToInt32(line[label.Length..].Trim(), 8);
        }

        uint umask = Replace(OwnerOnly);
        _ = Replace(umask);
        return (UnixFileMode)umask;
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint Replace(uint mask);
}
