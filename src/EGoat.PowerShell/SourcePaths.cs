using System.Collections.ObjectModel;
using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>Finds the files that a command names; what cannot be found or used is an error of its own, and the others are found.</summary>
internal sealed class SourcePaths(PSCmdlet cmdlet, bool recurse)
{
    private static readonly string[] PathProperties = ["LiteralPath", "PSPath", "FullName", "Path"];

    /// <summary>The files of an object that came through the pipeline.</summary>
    public IEnumerable<string> Resolve(PSObject item) => item.BaseObject switch
    {
        // A name that another command has found is meant as it stands, where it can be.
        string text => Resolve(text, isLiteralFirst: true),
        FileSystemInfo file => ResolveLiteral(file.FullName),
        _ => PathProperties.Select(p => item.Properties[p]?.Value?.ToString()).FirstOrDefault(p => !string.IsNullOrEmpty(p)) is { } path
            ? ResolveLiteral(path)
            : Refuse(Errors.NotUsable("The object names no file: it has no property LiteralPath, PSPath, FullName or Path.", item)),
    };

    /// <summary>The files of a path with wildcards.</summary>
    public IReadOnlyList<string> Resolve(string path, bool isLiteralFirst)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(path) || (isLiteralFirst && Exists(path)))
        {
            return ResolveLiteral(path);
        }

        try
        {
            Collection<string> files = cmdlet.GetResolvedProviderPathFromPSPath(path, out ProviderInfo provider);
            return provider.Name != "FileSystem" ? Refuse(Errors.NotInFileSystem(path))
                : files.Count == 0 ? Exists(path) ? ResolveLiteral(path) : Refuse(Errors.NothingMatches(path))
                : [.. files.SelectMany(f => Check(f, path))];
        }
        catch (ItemNotFoundException)
        {
            return Refuse(Errors.NothingMatches(path));
        }
    }

    /// <summary>The file of a path as it stands.</summary>
    public IReadOnlyList<string> ResolveLiteral(string path)
    {
        try
        {
            string file = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
            return provider.Name != "FileSystem" ? Refuse(Errors.NotInFileSystem(path)) : Check(file, path);
        }
        catch (Exception e) when (e is ItemNotFoundException or System.Management.Automation.DriveNotFoundException or ProviderNotFoundException)
        {
            return Refuse(Errors.FileNotFound(path));
        }
    }

    private bool Exists(string path)
    {
        string file = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        return provider.Name == "FileSystem" && Path.Exists(file);
    }

    private IReadOnlyList<string> Check(string file, string path) =>
        !Path.Exists(file) ? Refuse(Errors.FileNotFound(path))
        : !recurse && Directory.Exists(file) ? Refuse(Errors.FolderNotRecursed(file))
        : [file];

    private IReadOnlyList<string> Refuse(ErrorRecord error)
    {
        cmdlet.WriteError(error);
        return [];
    }
}
