namespace EGoat.Mesh.Transfers;

/// <summary>The place below the receive root that a wire path leads to. Links on the way would lead out of the root and are refused.</summary>
internal sealed class IncomingPath
{
    private readonly string _root;
    private readonly string[] _components;

    private IncomingPath(string root, string[] components)
    {
        _root = root;
        _components = components;
        Target = Path.Combine([root, .. components]);
    }

    /// <summary>The full path of the file or folder.</summary>
    public string Target { get; }

    /// <summary>The last component.</summary>
    public string Name => _components[^1];

    /// <summary>Finds the place of a wire path that was checked before.</summary>
    /// <exception cref="IOException">There is a link on the way.</exception>
    public static IncomingPath Resolve(string root, string wirePath)
    {
        if (!WirePath.TrySplit(wirePath, PathRules.Current, out string[] components, out string refusal))
        {
            throw new LeftOutException($"The name {VisibleText.Quote(wirePath)} is refused: {refusal}.");
        }

        var path = new IncomingPath(Path.GetFullPath(root), components);
        path.RefuseLinks();
        return path;
    }

    /// <summary>Checks the way once more: it may have changed since.</summary>
    /// <exception cref="IOException">There is a link on the way.</exception>
    public void RefuseLinks()
    {
        string path = _root;
        foreach (string component in _components)
        {
            path = Path.Combine(path, component);
            if (new FileInfo(path).LinkTarget is not null)
            {
                throw new IOException($"'{path}' is a link; files are not received through links.");
            }
        }
    }

    /// <summary>Opens the folder that it is in; null when that is not there.</summary>
    /// <exception cref="IOException">The folder cannot be opened, or there is a link on the way.</exception>
    public ReceiveFolder? FindParent() => ReceiveFolder.Open(_root, _components[..^1], create: false);

    /// <summary>Opens the folder that it is in, made if need be.</summary>
    /// <exception cref="IOException">The folder cannot be made or opened, or there is a link on the way.</exception>
    public ReceiveFolder MakeParent() => ReceiveFolder.Open(_root, _components[..^1], create: true)!;

    /// <summary>Opens it as a folder, made if need be.</summary>
    /// <exception cref="IOException">The folder cannot be made or opened, or there is a link on the way.</exception>
    public ReceiveFolder MakeFolder() => ReceiveFolder.Open(_root, _components, create: true)!;
}
