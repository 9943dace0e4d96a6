using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>Finds what is to be sent: files as they are named, folders with everything in them.</summary>
internal sealed class SourceTree
{
    private readonly SendFileOptions _options;
    private readonly SourceIds _ids;
    private readonly List<SourceFile> _files = [];
    private readonly List<string> _skipped = [];
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    private SourceTree(SendFileOptions options, SourceIds ids) => (_options, _ids) = (options, ids);

    /// <summary>What is sent, folders before what is in them.</summary>
    public IReadOnlyList<SourceFile> Files => _files;

    /// <summary>What is not sent, each with the reason, as lines for people.</summary>
    public IReadOnlyList<string> Skipped => _skipped;

    /// <summary>Looks at the files and folders. Two of one name get numbers, so that the receiver can tell them apart.</summary>
    /// <exception cref="RoomException">There is a folder without <see cref="SendFileOptions.Recurse"/>, there are too many files, or none is left.</exception>
    public static SourceTree Collect(SendFileOptions options, SourceIds ids)
    {
        var tree = new SourceTree(options, ids);
        if (options.Content is not null)
        {
            tree.AddStream();
        }

        foreach (string path in options.Paths)
        {
            tree.Add(path);
        }

        if (options.Include.Count > 0)
        {
            tree.DropEmptyFolders();
        }

        if (tree._files.Count == 0)
        {
            throw new RoomException(tree._skipped.Count > 0 ? $"There is no file to send: {tree._skipped[0]}" : "There is no file to send.");
        }

        return tree;
    }

    // With patterns a folder is sent for what is chosen of it.
    private void DropEmptyFolders()
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (SourceFile file in _files.Where(f => !f.IsFolder))
        {
            for (int end = file.Name.LastIndexOf('/'); end > 0 && used.Add(file.Name[..end]); end = file.Name.LastIndexOf('/', end - 1))
            {
            }
        }

        _files.RemoveAll(f => f.IsFolder && !used.Contains(f.Name));
    }

    private void AddStream()
    {
        if (!WirePath.TrySplit(_options.ContentName, PathRules.Linux, out _, out string refusal))
        {
            throw new RoomException($"{VisibleText.Quote(_options.ContentName)} cannot be the name of a file: {refusal}.");
        }

        _names.Add(_options.ContentName);
        _files.Add(new SourceFile("", _options.ContentName, -1, null, null));
    }

    private void Add(string path)
    {
        var folder = new DirectoryInfo(path);
        try
        {
            if (folder.Exists)
            {
                AddRoot(folder, path);
                return;
            }

            var file = new FileInfo(path);
            if (PathPattern.Selects(file.Name, _options.Include, _options.Exclude))
            {
                AddNamed(file, path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Skip(path, e);
        }
    }

    // Of a link that is named its target goes, under the link's name.
    private void AddNamed(FileInfo file, string path)
    {
        FileSystemInfo? found = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true);
        if (found is not { Exists: true })
        {
            Skip(path, file.LinkTarget is null ? WhyAbsent(path) : "the link leads nowhere");
        }
        else if (!UnixFileType.IsRegular(found.FullName))
        {
            Skip(path, $"it is neither a file nor a folder; send what it yields with: egoat send - < '{VisibleText.Line(path)}'");
        }
        else if (!WirePath.TrySplit(file.Name, PathRules.Linux, out _, out string refusal))
        {
            Skip(path, refusal);
        }
        else
        {
            AddFile((FileInfo)found, Number(file.Name));
        }
    }

    // A name that is not UTF-8 leads nowhere once it has been read as such.
    private static string WhyAbsent(string path) => path.Contains('\uFFFD', StringComparison.Ordinal) ? "its name is not UTF-8" : "it is not there";

    private void Skip(string path, Exception e) =>
        Skip(path, e is FileNotFoundException or DirectoryNotFoundException ? WhyAbsent(path) : $"it cannot be read: {VisibleText.Line(e.Message)}");

    private void Skip(string path, string why) => _skipped.Add($"'{VisibleText.Line(path)}' was skipped: {why}.");

    private void AddRoot(DirectoryInfo folder, string path)
    {
        if (!_options.Recurse)
        {
            throw new RoomException($"'{VisibleText.Line(path)}' is a folder; it is sent with everything in it by --recurse (-Recurse).");
        }

        // "." and "x/.." are names only after they have been resolved.
        var root = new DirectoryInfo(Path.TrimEndingDirectorySeparator(folder.FullName));
        if (root.Parent is null)
        {
            throw new RoomException($"'{VisibleText.Line(path)}' is the root of a file system and has no name; name the folders in it.");
        }

        string realRoot = RealPath(root);
        AddFolder(root, Number(root.Name), realRoot, [realRoot]);
    }

    // Two roots of one name are told apart by a number, as two files are.
    private string Number(string name)
    {
        string numbered = name;
        for (int i = 2; !_names.Add(numbered); i++)
        {
            numbered = $"{Path.GetFileNameWithoutExtension(name)} ({i}){Path.GetExtension(name)}";
        }

        return numbered;
    }

    private void AddFolder(DirectoryInfo folder, string name, string realRoot, List<string> above)
    {
        if (!IsSendable(name, folder.FullName))
        {
            return;
        }

        Append(SourceFile.FromFolder(folder, name));
        FileSystemInfo[] children;
        try
        {
            children = folder.GetFileSystemInfos();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Skip(folder.FullName, e);
            return;
        }

        Array.Sort(children, (a, z) => string.CompareOrdinal(a.Name, z.Name));
        foreach (FileSystemInfo child in children)
        {
            string childName = $"{name}/{child.Name}";
            if (!PathPattern.Excludes(childName, _options.Exclude))
            {
                TryAddChild(child, childName, realRoot, above);
            }
        }
    }

    private void TryAddChild(FileSystemInfo child, string name, string realRoot, List<string> above)
    {
        try
        {
            AddChild(child, name, realRoot, above);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Skip(child.FullName, e);
        }
    }

    private void AddChild(FileSystemInfo child, string name, string realRoot, List<string> above)
    {
        string real = child.FullName;
        FileSystemInfo found = child;
        if (child.LinkTarget is not null)
        {
            if (!_options.FollowSymlink)
            {
                Skip(child.FullName, "it is a symbolic link; links that stay inside the tree are followed by --follow-symlink (-FollowSymlink)");
                return;
            }

            if (!TryFollow(child, realRoot, out found!, out real))
            {
                return;
            }
        }

        if (found is DirectoryInfo folder)
        {
            if (above.Contains(real))
            {
                Skip(child.FullName, "the link leads to a folder that it lies in");
                return;
            }

            above.Add(real);
            AddFolder(folder, name, realRoot, above);
            above.RemoveAt(above.Count - 1);
        }
        else if (!UnixFileType.IsRegular(found.FullName))
        {
            Skip(child.FullName, "it is neither a file nor a folder");
        }
        else if (PathPattern.Selects(name, _options.Include, []))
        {
            AddFile((FileInfo)found, name);
        }
    }

    private bool TryFollow(FileSystemInfo link, string realRoot, out FileSystemInfo? target, out string real)
    {
        real = "";
        target = null;
        try
        {
            target = link.ResolveLinkTarget(returnFinalTarget: true);
        }
        catch (IOException)
        {
            // A loop of links.
        }

        if (target is not { Exists: true })
        {
            Skip(link.FullName, "the link leads nowhere");
            return false;
        }

        real = RealPath(target);
        if (!real.StartsWith(realRoot + Path.DirectorySeparatorChar, StringComparison.Ordinal) && real != realRoot)
        {
            Skip(link.FullName, "the link leads out of the tree");
            return false;
        }

        return true;
    }

    private void AddFile(FileInfo file, string name)
    {
        if (IsSendable(name, file.FullName))
        {
            Append(SourceFile.FromFile(file, name, _ids));
        }
    }

    private bool IsSendable(string name, string path)
    {
        if (WirePath.TrySplit(name, PathRules.Linux, out _, out string refusal))
        {
            return true;
        }

        Skip(path, refusal);
        return false;
    }

    private void Append(SourceFile file)
    {
        if (_files.Count == Manifest.MaxEntries)
        {
            throw new RoomException($"There are more than {Manifest.MaxEntries:N0} files and folders; send them in parts.");
        }

        _files.Add(file);
    }

    // The path without links in it, from the root of the file system on.
    private static string RealPath(FileSystemInfo info)
    {
        string path = Path.GetPathRoot(info.FullName)!;
        foreach (string component in info.FullName[path.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            path = Path.Combine(path, component);
            if (Directory.ResolveLinkTarget(path, returnFinalTarget: true) is { } target)
            {
                path = RealPath(target);
            }
        }

        return path;
    }
}
