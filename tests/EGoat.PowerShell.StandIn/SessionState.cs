using System.Collections.ObjectModel;

namespace System.Management.Automation;

/// <summary>Stand-in: what a cmdlet may ask of its session.</summary>
public sealed class SessionState
{
    public PathIntrinsics Path { get; } = new();
}

/// <summary>Stand-in: PowerShell paths. Here every path is a file-system path, and only a file name may hold wildcards.</summary>
public sealed class PathIntrinsics
{
    internal string CurrentFolder { get; set; } = Environment.CurrentDirectory;

    public string GetUnresolvedProviderPathFromPSPath(string path) => IO.Path.GetFullPath(path, CurrentFolder);

    public string GetUnresolvedProviderPathFromPSPath(string path, out ProviderInfo provider, out PSDriveInfo? drive)
    {
        provider = new ProviderInfo("FileSystem");
        drive = null;
        return GetUnresolvedProviderPathFromPSPath(path);
    }

    public Collection<string> GetResolvedProviderPathFromPSPath(string path, out ProviderInfo provider)
    {
        provider = new ProviderInfo("FileSystem");
        string full = GetUnresolvedProviderPathFromPSPath(path);
        if (full.AsSpan().IndexOfAny('*', '?') >= 0)
        {
            string folder = IO.Path.GetDirectoryName(full) ?? full;
            return [.. IO.Directory.EnumerateFileSystemEntries(folder, IO.Path.GetFileName(full)).Order(StringComparer.Ordinal)];
        }

        return IO.Path.Exists(full) ? [full] : throw new ItemNotFoundException($"Cannot find path '{full}' because it does not exist.");
    }
}

public class ProviderInfo
{
    internal ProviderInfo(string name) => Name = name;

    public string Name { get; }
}

public class PSDriveInfo
{
    internal PSDriveInfo(string name) => Name = name;

    public string Name { get; }
}
