using System.Runtime.InteropServices;

namespace EGoat.Mesh.Transfers;

/// <summary>Makes renames in a folder durable. Windows does so by itself.</summary>
internal static partial class FolderSync
{
    /// <summary>Syncs a folder; what cannot be synced is left to the system.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = Open(folder, 0); // O_RDONLY
        if (descriptor >= 0)
        {
            _ = Fsync(descriptor);
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
