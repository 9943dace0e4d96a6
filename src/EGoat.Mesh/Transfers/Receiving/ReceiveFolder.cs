using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// A folder below the receive root that files are made in. On Unix it is held open, and was reached without following a link: what
/// becomes of its path meanwhile leads nobody elsewhere. On macOS that holds for opening and naming files, while a new partial file
/// is made by its path; on Windows everything is done by path.
/// </summary>
internal sealed partial class ReceiveFolder : IDisposable
{
    /// <summary>Shorter files are tried without asking how much room there is.</summary>
    private const long WorthAsking = 64 * 1024;

    private const int NotThere = 2; // ENOENT
    private const int Exists = 17; // EEXIST

    /// <summary>Fail when the new name is taken: RENAME_NOREPLACE of Linux, RENAME_EXCL of macOS.</summary>
    private const uint LinuxNoReplace = 1;
    private const uint MacExclusive = 4;

    private const int ReadWrite = 2; // O_RDWR
    private const int LockExclusively = 2 | 4; // LOCK_EX | LOCK_NB

    private static readonly (int Directory, int NoFollow, int CloseOnExec) Flags = GetFlags();

    /// <summary>The streams behind the handles that are in use.</summary>
    private static readonly ConditionalWeakTable<SafeFileHandle, FileStream> Streams = [];

    private readonly string _path;

    /// <summary>Null on Windows.</summary>
    private readonly SafeFileHandle? _handle;

    /// <summary>What a name in the folder follows in a path.</summary>
    private readonly string _prefix;

    private ReceiveFolder(string path, SafeFileHandle? handle)
    {
        _path = path;
        _handle = handle;
        _prefix = OperatingSystem.IsLinux() && handle is not null && Directory.Exists("/proc/self/fd") ? $"/proc/self/fd/{handle.DangerousGetHandle()}" : path;
    }

    /// <summary>Opens a folder below the root; null when it is not there and is not to be made.</summary>
    /// <exception cref="IOException">It cannot be opened or made, or there is a link on the way.</exception>
    public static ReceiveFolder? Open(string root, IEnumerable<string> components, bool create)
    {
        if (!Directory.Exists(root))
        {
            // The root itself is made when receiving begins. Gone since, it was a disk that was taken out, or somebody's wish.
            return create ? throw new IOException($"The folder '{root}' is not there any more.") : null;
        }

        ReceiveFolder? folder = OperatingSystem.IsWindows() ? new ReceiveFolder(root, null) : new ReceiveFolder(root, OpenFolder(null, root, isRoot: true));
        foreach (string component in components)
        {
            using ReceiveFolder parent = folder;
            folder = parent.OpenChild(component, create);
            if (folder is null)
            {
                return null;
            }
        }

        return folder;
    }

    /// <summary>The path of a name in the folder, for calls that take paths; it is not for people.</summary>
    public string At(string name) => Path.Combine(_prefix, name);

    /// <summary>A message of the system without the numbers of open folders, which say nothing to people.</summary>
    public static string WithoutHandles(string message) => OpenFolderPath().Replace(message, "");

    /// <summary>What is there under a name.</summary>
    public FileInfo Find(string name) => new(At(name));

    /// <summary>Whether there is an ordinary file or nothing under a name: neither a folder nor a pipe, socket or device.</summary>
    public bool IsRegularOrAbsent(string name) => !Path.Exists(At(name)) || (File.Exists(At(name)) && UnixFileType.IsRegular(At(name)));

    /// <summary>Makes a file that nobody else opens meanwhile, if there is room for its content.</summary>
    /// <remarks>On Unix the room is not reserved, so others may take it: some file systems fill what they reserve with zeros, and the transfer waits for that.</remarks>
    /// <exception cref="IOException">The name is taken, or there is no room.</exception>
    public SafeFileHandle Create(string name, long length)
    {
        if (_handle is null)
        {
            return File.OpenHandle(At(name), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.None, length);
        }

        if (length >= WorthAsking && new DriveInfo(_prefix) is var drive && drive.AvailableFreeSpace < length)
        {
            throw new IOException($"There is not enough space on the disk: the file has {length:N0} bytes, and {drive.AvailableFreeSpace:N0} are free.");
        }

        return CreatePrivate(At(name));
    }

    // The mode must be there from the beginning: who opens the file in between reads what comes later too. A stream that is collected
    // closes its handle, so it stays for as long.
    private static SafeFileHandle CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException();
        }

        var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        Streams.Add(stream.SafeFileHandle, stream);
        return stream.SafeFileHandle;
    }

    /// <summary>Opens a file to be written, that nobody else opens meanwhile.</summary>
    /// <exception cref="IOException">It is a link, or is open elsewhere.</exception>
    public SafeFileHandle OpenExclusively(string name)
    {
        if (_handle is null)
        {
            return File.OpenHandle(At(name), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }

        SafeFileHandle file = OpenEntry(name, ReadWrite);
        if (Flock(file, LockExclusively) != 0)
        {
            file.Dispose();
            throw new IOException($"'{Path.Combine(_path, name)}' is in use by another transfer.");
        }

        return file;
    }

    /// <summary>Opens a file to be read, which others may change or remove.</summary>
    /// <exception cref="IOException">It is a link, or cannot be read.</exception>
    public SafeFileHandle OpenToRead(string name) =>
        _handle is null ? File.OpenHandle(At(name), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.SequentialScan) : OpenEntry(name, 0);

    /// <summary>Gives a file a name that nothing has; false when it is taken.</summary>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    public bool TryRename(string from, string to)
    {
        int error = _handle is null ? -1 : RenameExclusively(_handle, from, to);
        if (error is 0 or Exists)
        {
            return error == 0;
        }

        if (error == NotThere)
        {
            throw new IOException($"'{Path.Combine(_path, from)}' is not there any more.");
        }

        // A system that cannot do so in one step, or Windows, which always does.
        try
        {
            File.Move(At(from), At(to), overwrite: false);
            return true;
        }
        catch (IOException) when (Path.Exists(At(to)))
        {
            return false;
        }
    }

    /// <summary>Gives a file a name, in place of what has it.</summary>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    public void Replace(string from, string to) => File.Move(At(from), At(to), overwrite: true);

    /// <summary>Gives the folder the time and permissions that a sender tells.</summary>
    public void Apply(Protocol.ManifestEntry entry, bool preserveMode)
    {
        if (_handle is null)
        {
            EntryAttributes.ApplyToFolder(_path, entry);
        }
        else
        {
            EntryAttributes.ApplyToFolder(_handle, entry, preserveMode);
        }
    }

    /// <summary>Makes new names durable. Windows does so by itself; what cannot be synced is left to the system.</summary>
    public void Flush()
    {
        if (_handle is not null)
        {
            _ = Fsync(_handle);
        }
    }

    public void Dispose() => _handle?.Dispose();

    [GeneratedRegex("/proc/self/fd/[0-9]+/?")]
    private static partial Regex OpenFolderPath();

    private ReceiveFolder? OpenChild(string name, bool create)
    {
        string path = Path.Combine(_path, name);
        if (new FileInfo(At(name)).LinkTarget is not null)
        {
            throw new IOException($"'{path}' is a link; files are not received through links.");
        }

        if (create)
        {
            Directory.CreateDirectory(At(name));
        }
        else if (!Directory.Exists(At(name)))
        {
            return null;
        }

        return new ReceiveFolder(path, _handle is null ? null : OpenFolder(_handle, path, isRoot: false));
    }

    private SafeFileHandle OpenEntry(string name, int flags)
    {
        SafeFileHandle file = OpenAt(_handle!, name, flags | Flags.NoFollow | Flags.CloseOnExec);
        if (file.IsInvalid)
        {
            string reason = Marshal.GetLastPInvokeErrorMessage();
            file.Dispose();
            throw new IOException($"'{Path.Combine(_path, name)}' cannot be opened: {reason}.");
        }

        return file;
    }

    private static SafeFileHandle OpenFolder(SafeFileHandle? parent, string path, bool isRoot)
    {
        int flags = Flags.Directory | Flags.CloseOnExec | (isRoot ? 0 : Flags.NoFollow);
        SafeFileHandle folder = parent is null ? OpenAt(-1, path, flags) : OpenAt(parent, Path.GetFileName(path), flags);
        if (folder.IsInvalid)
        {
            int error = Marshal.GetLastPInvokeError();
            folder.Dispose();
            throw new IOException(error == NotThere ? $"The folder '{path}' is not there any more." : $"The folder '{path}' cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}.");
        }

        return folder;
    }

    // The error number; -1 where the system has no such call.
    private static int RenameExclusively(SafeFileHandle folder, string from, string to)
    {
        try
        {
            int result = OperatingSystem.IsLinux() ? RenameAt2(folder, from, folder, to, LinuxNoReplace)
                : OperatingSystem.IsMacOS() ? RenameAtX(folder, from, folder, to, MacExclusive)
                : -1;
            return result == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        catch (EntryPointNotFoundException)
        {
            return -1; // a C library without it
        }
    }

    // O_DIRECTORY, O_NOFOLLOW and O_CLOEXEC, which differ between systems and between architectures of Linux.
    private static (int Directory, int NoFollow, int CloseOnExec) GetFlags() => OperatingSystem.IsLinux()
        ? RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 or Architecture.Ppc64le ? (0x4000, 0x8000, 0x80000) : (0x10000, 0x20000, 0x80000)
        : OperatingSystem.IsMacOS() ? (0x100000, 0x100, 0x1000000) : (0, 0, 0);

    [LibraryImport("libc", EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle OpenAt(SafeFileHandle folder, string name, int flags);

    [LibraryImport("libc", EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle OpenAt(int folder, string absolutePath, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RenameAt2(SafeFileHandle oldFolder, string oldName, SafeFileHandle newFolder, string newName, uint flags);

    [LibraryImport("libc", EntryPoint = "renameatx_np", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RenameAtX(SafeFileHandle oldFolder, string oldName, SafeFileHandle newFolder, string newName, uint flags);
}
