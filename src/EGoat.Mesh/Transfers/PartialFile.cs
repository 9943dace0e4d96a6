using System.Security.Cryptography;
using System.Text;
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

    private readonly string _target;
    private readonly string _path;
    private readonly SafeFileHandle _handle;

    private PartialFile(string target, string path, SafeFileHandle handle)
    {
        _target = target;
        _path = path;
        _handle = handle;
    }

    /// <summary>Bytes that it holds, from an earlier run too.</summary>
    public long Length => RandomAccess.GetLength(_handle);

    /// <summary>Opens the partial file for a wire path of a sender, with what an earlier run left in it; null when there is none and none is to be made.</summary>
    /// <param name="target">The full path of the file that it becomes.</param>
    /// <param name="wirePath">The relative path that the sender names, with forward slashes.</param>
    /// <param name="senderIdentity">Whose transfer it is: files of others do not mix.</param>
    /// <param name="length">The length to come, or 0 if unknown.</param>
    /// <param name="create">Whether to make it.</param>
    /// <exception cref="IOException">The folder cannot be written, or another transfer has the file open.</exception>
    public static PartialFile? Open(string target, string wirePath, string senderIdentity, long length, bool create)
    {
        string folder = Path.GetDirectoryName(target)!;
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{senderIdentity}\n{wirePath}"));
        string path = Path.Combine(folder, $"{WirePath.PartialPrefix}{Convert.ToHexStringLower(hash)[..HashCharacters]}{WirePath.PartialSuffix}");
        var info = new FileInfo(path);
        if (info.LinkTarget is not null)
        {
            throw new IOException($"'{path}' is a link; remove it.");
        }

        if (info.Exists)
        {
            return new PartialFile(target, path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None));
        }

        if (!create)
        {
            return null;
        }

        Directory.CreateDirectory(folder);
        return new PartialFile(target, path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.None, length));
    }

    /// <summary>The full path below a root for the components of a wire path.</summary>
    /// <exception cref="IOException">A link on the way would lead out of the root.</exception>
    public static string Resolve(string root, string[] components)
    {
        RefuseLinks(root, components);
        return Path.Combine([Path.GetFullPath(root), .. components]);
    }

    public int Read(Span<byte> destination, long offset) => RandomAccess.Read(_handle, destination, offset);

    public void Write(ReadOnlySpan<byte> content, long offset) => RandomAccess.Write(_handle, content, offset);

    /// <summary>Syncs the file and gives it its name; returns the full path.</summary>
    public string Complete(long length, long? modifiedAt, ExistingFile existing)
    {
        RandomAccess.SetLength(_handle, length);
        RandomAccess.FlushToDisk(_handle);
        _handle.Dispose();
        if (modifiedAt is >= 0 and < 253_402_300_799_000)
        {
            File.SetLastWriteTimeUtc(_path, DateTimeOffset.FromUnixTimeMilliseconds(modifiedAt.Value).UtcDateTime);
        }

        if (existing == ExistingFile.Overwrite)
        {
            File.Move(_path, _target, overwrite: true);
            return _target;
        }

        for (int number = 1; number <= MaxNumber; number++)
        {
            string target = number == 1 ? _target : Path.Combine(Path.GetDirectoryName(_target)!, $"{Path.GetFileNameWithoutExtension(_target)} ({number}){Path.GetExtension(_target)}");
            try
            {
                File.Move(_path, target, overwrite: false);
                return target;
            }
            catch (IOException) when (File.Exists(target) || Directory.Exists(target))
            {
                // Taken: the next number.
            }
        }

        throw new IOException($"'{_target}' exists {MaxNumber} times.");
    }

    public void Dispose() => _handle.Dispose();

    // A link below the root would lead out of it.
    private static void RefuseLinks(string root, string[] components)
    {
        string path = Path.GetFullPath(root);
        foreach (string component in components)
        {
            path = Path.Combine(path, component);
            if (new FileInfo(path).LinkTarget is not null)
            {
                throw new IOException($"'{path}' is a link; files are not received through links.");
            }
        }
    }
}
