using System.Runtime.InteropServices;
using System.Security.Cryptography;
using EGoat.History;
using Microsoft.Win32.SafeHandles;

namespace EGoat.Cli;

/// <summary>
/// The native library of SQLite, which the published program holds as a resource. It is loaded when a history is opened: on
/// Linux out of memory, so that it needs no folder at all, elsewhere out of a file of the user's own.
/// </summary>
internal static partial class BundledSqlite
{
    private const string ResourceName = "e_sqlite3";
    private const uint CloseOnExecute = 1;

    /// <summary>Says where the library is. Loads nothing yet.</summary>
    public static void Register()
    {
        if (typeof(BundledSqlite).Assembly.GetManifestResourceInfo(ResourceName) is not null)
        {
            SqliteLibrary.LoadWith(Load);
        }
    }

    private static nint Load()
    {
        try
        {
            return OperatingSystem.IsWindows() ? LoadFromKeptFile() : OperatingSystem.IsLinux() && TryLoadFromMemory() is { } library ? library : LoadFromTemporaryFile();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DllNotFoundException or BadImageFormatException)
        {
            throw new HistoryException(
                HistoryFailure.Other,
                $"SQLite, which keeps the history, cannot be loaded: {e.Message} Let TMPDIR name a folder of yours in which programs may run.",
                e);
        }
    }

    // Null where there is no /proc, or the system forbids it.
    private static nint? TryLoadFromMemory()
    {
        int descriptor = MemoryFile(ResourceName, CloseOnExecute);
        if (descriptor < 0)
        {
            return null;
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        using (var file = new FileStream(handle, FileAccess.Write, bufferSize: 0))
        {
            using Stream resource = Open();
            resource.CopyTo(file);
            return NativeLibrary.TryLoad($"/proc/self/fd/{descriptor}", out nint library) ? library : null;
        }
    }

    // Once it is loaded nobody needs its name.
    private static nint LoadFromTemporaryFile()
    {
        string folder = Directory.CreateTempSubdirectory("egoat-").FullName;
        try
        {
            string path = Path.Combine(folder, ResourceName);
            using (FileStream file = File.Create(path))
            {
                using Stream resource = Open();
                resource.CopyTo(file);
            }

            return NativeLibrary.Load(path);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Windows removes no library that is loaded: it stays for the next time, under its hash, and is checked before it is used.
    private static nint LoadFromKeptFile()
    {
        using var content = new MemoryStream();
        using (Stream resource = Open())
        {
            resource.CopyTo(content);
        }

        byte[] bytes = content.ToArray();
        string folder = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "egoat");
        string path = Path.Combine(folder, $"e_sqlite3-{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}.dll");
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
        {
            Directory.CreateDirectory(folder);
            string temporary = $"{path}.{Environment.ProcessId}";
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, path, overwrite: true);
        }

        return NativeLibrary.Load(path);
    }

    private static Stream Open() => typeof(BundledSqlite).Assembly.GetManifestResourceStream(ResourceName)!;

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MemoryFile(string name, uint flags);
}
