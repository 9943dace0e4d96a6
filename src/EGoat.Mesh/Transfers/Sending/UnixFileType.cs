using System.Runtime.InteropServices;

namespace EGoat.Mesh.Transfers;

/// <summary>Tells files from pipes, sockets and devices, whose opening could wait for ever.</summary>
internal static partial class UnixFileType
{
    private const int CurrentFolder = -100; // AT_FDCWD
    private const uint TypeMask = 0x1; // STATX_TYPE
    private const int FormatMask = 0xF000; // S_IFMT
    private const int RegularFile = 0x8000; // S_IFREG

    /// <summary>The offset of <c>stx_mode</c> in <c>struct statx</c>, the same on every architecture.</summary>
    private const int ModeOffset = 28;

    private const int StatxLength = 256;

    /// <summary>Whether a path leads to an ordinary file. Known on Linux only: elsewhere everything counts as one.</summary>
    public static bool IsRegular(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        Span<byte> status = stackalloc byte[StatxLength];
        try
        {
            return Statx(CurrentFolder, path, 0, TypeMask, status) != 0 || (MemoryMarshal.Read<ushort>(status[ModeOffset..]) & FormatMask) == RegularFile;
        }
        catch (EntryPointNotFoundException)
        {
            return true; // a C library from before 2018
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Span<byte> status);
}
