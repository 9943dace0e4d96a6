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

    private readonly ReceiveFolder _folder;
    private readonly string _name;
    private readonly SafeFileHandle _handle;

    private PartialFile(ReceiveFolder folder, string name, SafeFileHandle handle)
    {
        _folder = folder;
        _name = name;
        _handle = handle;
    }

    /// <summary>Bytes that it holds, from an earlier run too.</summary>
    public long Length => RandomAccess.GetLength(_handle);

    /// <summary>Opens the partial file for a source of a sender, with what an earlier run left in it; null when there is none and none is to be made.</summary>
    /// <param name="folder">Where it lies; it outlives the file.</param>
    /// <param name="source">What tells the file from others of the sender (<see cref="ManifestEntry.SourceKey"/>).</param>
    /// <param name="senderIdentity">Whose transfer it is: files of others do not mix.</param>
    /// <param name="length">The length to come, or 0 if unknown.</param>
    /// <param name="create">Whether to make it.</param>
    /// <exception cref="IOException">The folder cannot be written, or another transfer has the file open.</exception>
    public static PartialFile? Open(ReceiveFolder folder, string source, string senderIdentity, long length, bool create)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{senderIdentity}\n{source}"));
        string name = $"{WirePath.PartialPrefix}{Convert.ToHexStringLower(hash)[..HashCharacters]}{WirePath.PartialSuffix}";
        FileInfo info = folder.Find(name);
        if (info.LinkTarget is not null)
        {
            throw new IOException($"'{name}' is a link; remove it.");
        }

        if (info.Exists)
        {
            if (!OperatingSystem.IsWindows())
            {
                MakePrivate(info);
            }

            return new PartialFile(folder, name, folder.OpenExclusively(name));
        }

        return create ? new PartialFile(folder, name, folder.Create(name, length)) : null;
    }

    public int Read(Span<byte> destination, long offset) => RandomAccess.Read(_handle, destination, offset);

    public void Write(ReadOnlySpan<byte> content, long offset) => RandomAccess.Write(_handle, content, offset);

    /// <summary>Removes it: nobody can go on with it.</summary>
    public void Delete()
    {
        _handle.Dispose();
        try
        {
            File.Delete(_folder.At(_name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It goes when it is old.
        }
    }

    /// <summary>Syncs the file and gives it its name, time and permissions.</summary>
    /// <param name="target">The place of the name.</param>
    /// <param name="length">The length of the whole file.</param>
    /// <param name="entry">What the sender tells of it.</param>
    /// <param name="options">What happens if the name is taken, and which permissions it gets.</param>
    /// <param name="rules">The platform's rules.</param>
    /// <exception cref="LeftOutException">The name is taken and must not be.</exception>
    public StoredFile Complete(IncomingPath target, long length, ManifestEntry entry, ReceiveOptions options, PathRules rules)
    {
        RandomAccess.SetLength(_handle, length);
        MarkOfTheWeb.Set(_folder.At(_name), rules);
        string? warning = EntryAttributes.ApplyToFile(_handle, entry, options.PreserveMode);
        RandomAccess.FlushToDisk(_handle);
        _handle.Dispose();
        target.RefuseLinks();
        string name = Rename(target.Name, options.Existing);
        _folder.Flush();
        return new StoredFile(Path.Combine(Path.GetDirectoryName(target.Target)!, name), warning);
    }

    public void Dispose() => _handle.Dispose();

    // It may have its final permissions already, when the end came between them and the name.
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static void MakePrivate(FileInfo info)
    {
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        if (info.UnixFileMode != ownerOnly)
        {
            try
            {
                info.UnixFileMode = ownerOnly;
            }
            catch (UnauthorizedAccessException)
            {
                // A file system that keeps no permissions.
            }
        }
    }

    private string Rename(string wanted, ExistingFile existing)
    {
        if (existing == ExistingFile.Overwrite)
        {
            if (!_folder.IsRegularOrAbsent(wanted))
            {
                throw new LeftOutException($"{VisibleText.Quote(wanted)} is there and is not an ordinary file.");
            }

            _folder.Replace(_name, wanted);
            return wanted;
        }

        for (int number = 1; number <= MaxNumber; number++)
        {
            string name = number == 1 ? wanted : $"{Path.GetFileNameWithoutExtension(wanted)} ({number}){Path.GetExtension(wanted)}";
            if (_folder.TryRename(_name, name))
            {
                return name;
            }

            if (existing != ExistingFile.Rename)
            {
                throw new LeftOutException($"{VisibleText.Quote(name)} is there already.");
            }
        }

        throw new IOException($"'{wanted}' exists {MaxNumber} times.");
    }
}
