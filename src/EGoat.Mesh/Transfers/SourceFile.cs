namespace EGoat.Mesh.Transfers;

/// <summary>A file to send.</summary>
/// <param name="Path">The full local path.</param>
/// <param name="Name">The name that the receiver sees.</param>
/// <param name="Length">Its length when the transfer began, in bytes.</param>
/// <param name="ModifiedAt">When it was last written, in milliseconds since 1970.</param>
internal sealed record SourceFile(string Path, string Name, long Length, long ModifiedAt)
{
    /// <summary>Looks at the files. Two of one name get numbers, so that the receiver can tell them apart.</summary>
    /// <exception cref="RoomException">A file is not there, or is a folder.</exception>
    public static IReadOnlyList<SourceFile> Collect(IReadOnlyList<string> paths)
    {
        var files = new List<SourceFile>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string path in paths)
        {
            var info = new FileInfo(path);
            if (!info.Exists)
            {
                throw new RoomException(Directory.Exists(path)
                    ? $"'{path}' is a folder; name the files in it."
                    : $"The file '{path}' is not there.");
            }

            string name = info.Name;
            for (int i = 2; !names.Add(name); i++)
            {
                name = $"{System.IO.Path.GetFileNameWithoutExtension(info.Name)} ({i}){info.Extension}";
            }

            files.Add(new SourceFile(info.FullName, name, info.Length, new DateTimeOffset(info.LastWriteTimeUtc).ToUnixTimeMilliseconds()));
        }

        return files.Count > 0 ? files : throw new RoomException("There is no file to send.");
    }
}
