using System.Security.Cryptography;
using System.Text;
using EGoat.Mesh.Protocol;
using Microsoft.Win32.SafeHandles;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// The file that a transfer grows in, beside its target, opened exclusively; it takes the target's name when it is whole,
/// synced and verified, and not before.
/// </summary>
internal sealed class PartialFile : IDisposable
{
    private const int HashCharacters = 16;
    private const int MaxNumber = 10_000;

    private readonly IncomingPath _target;
    private readonly string _path;
    private readonly SafeFileHandle _handle;

    private PartialFile(IncomingPath target, string path, SafeFileHandle handle)
    {
        _target = target;
        _path = path;
        _handle = handle;
    }

    /// <summary>Bytes that it holds, from an earlier run too.</summary>
    public long Length => RandomAccess.GetLength(_handle);

    /// <summary>Opens the partial file for a wire path of a sender, with what an earlier run left in it; null when there is none and none is to be made.</summary>
    /// <param name="target">The file that it becomes.</param>
    /// <param name="wirePath">The relative path that the sender names, with forward slashes.</param>
    /// <param name="senderIdentity">Whose transfer it is: files of others do not mix.</param>
    /// <param name="length">The length to come, or 0 if unknown.</param>
    /// <param name="create">Whether to make it.</param>
    /// <exception cref="IOException">The folder cannot be written, or another transfer has the file open.</exception>
    public static PartialFile? Open(IncomingPath target, string wirePath, string senderIdentity, long length, bool create)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{senderIdentity}\n{wirePath}"));
        string path = Path.Combine(target.Folder, $"{WirePath.PartialPrefix}{Convert.ToHexStringLower(hash)[..HashCharacters]}{WirePath.PartialSuffix}");
        var info = new FileInfo(path);
        if (info.LinkTarget is not null)
        {
            throw new IOException($"'{path}' is a link; remove it.");
        }

        if (info.Exists)
        {
            if (!OperatingSystem.IsWindows() && !info.UnixFileMode.HasFlag(UnixFileMode.UserWrite))
            {
                // It has its final permissions already: the end came between them and the name.
                info.UnixFileMode |= UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            return new PartialFile(target, path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None));
        }

        if (!create)
        {
            return null;
        }

        target.MakeFolder();
        return new PartialFile(target, path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.None, length));
    }

    public int Read(Span<byte> destination, long offset) => RandomAccess.Read(_handle, destination, offset);

    public void Write(ReadOnlySpan<byte> content, long offset) => RandomAccess.Write(_handle, content, offset);

    /// <summary>Syncs the file and gives it its name, time and permissions; returns the full path.</summary>
    /// <exception cref="TransferException">The name is taken and must not be.</exception>
    public string Complete(long length, ManifestEntry entry, ExistingFile existing)
    {
        RandomAccess.SetLength(_handle, length);
        MarkOfTheWeb.Set(_path);
        EntryAttributes.Apply(_handle, entry);
        RandomAccess.FlushToDisk(_handle);
        _handle.Dispose();
        _target.RefuseLinks();
        string path = Rename(existing);
        FolderSync.Flush(_target.Folder);
        return path;
    }

    public void Dispose() => _handle.Dispose();

    private string Rename(ExistingFile existing)
    {
        if (existing == ExistingFile.Overwrite)
        {
            File.Move(_path, _target.Target, overwrite: true);
            return _target.Target;
        }

        for (int number = 1; number <= MaxNumber; number++)
        {
            string target = number == 1 ? _target.Target : Path.Combine(_target.Folder, $"{Path.GetFileNameWithoutExtension(_target.Target)} ({number}){Path.GetExtension(_target.Target)}");
            try
            {
                File.Move(_path, target, overwrite: false);
                return target;
            }
            catch (IOException) when (existing == ExistingFile.Rename && (File.Exists(target) || Directory.Exists(target)))
            {
                // Taken: the next number.
            }
            catch (IOException) when (File.Exists(target))
            {
                throw new TransferException($"{WirePath.Escape(Path.GetFileName(target))} is there already.");
            }
        }

        throw new IOException($"'{_target.Target}' exists {MaxNumber} times.");
    }
}
