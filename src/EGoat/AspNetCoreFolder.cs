using System.Runtime.InteropServices;

namespace EGoat;

/// <summary>
/// Finds the ASP.NET Core shared framework for a host that was not started with it, as PowerShell is not.
/// </summary>
internal static class AspNetCoreFolder
{
    private const string Framework = "Microsoft.AspNetCore.App";

    /// <summary>
    /// The folder of ASP.NET Core assemblies that fit the running runtime: shipped with the module, else beside the
    /// runtime, else under DOTNET_ROOT and the usual installation folders; null if there is none.
    /// </summary>
    public static string? Find(string moduleFolder)
    {
        string shipped = Path.Combine(moduleFolder, "aspnetcore", RuntimeInformation.RuntimeIdentifier);
        if (Directory.Exists(shipped))
        {
            return shipped;
        }

        foreach (string root in InstallationRoots())
        {
            if (Newest(Path.Combine(root, "shared", Framework)) is { } folder)
            {
                return folder;
            }
        }

        return null;
    }

    private static IEnumerable<string> InstallationRoots()
    {
        // <root>/shared/Microsoft.NETCore.App/<version>/ for a framework-dependent host.
        DirectoryInfo runtime = new(RuntimeEnvironment.GetRuntimeDirectory());
        if (runtime.Parent?.Parent?.Parent is { } besideRuntime)
        {
            yield return besideRuntime.FullName;
        }

        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } dotnetRoot)
        {
            yield return dotnetRoot;
        }

        yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet");
        if (OperatingSystem.IsWindows())
        {
            yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "dotnet");
        }
        else
        {
            yield return "/usr/share/dotnet";
            yield return "/usr/lib/dotnet";
            yield return "/usr/lib64/dotnet";
            yield return "/usr/local/share/dotnet";
        }
    }

    // ASP.NET Core is rolled forward within one minor version, as the host would do.
    private static string? Newest(string frameworkFolder)
    {
        if (!Directory.Exists(frameworkFolder))
        {
            return null;
        }

        return Directory.EnumerateDirectories(frameworkFolder)
            .Select(folder => (Folder: folder, Version: Version.TryParse(Path.GetFileName(folder), out Version? version) ? version : null))
            .Where(entry => entry.Version is { } version
                && version.Major == Environment.Version.Major && version.Minor == Environment.Version.Minor)
            .OrderByDescending(entry => entry.Version)
            .Select(entry => entry.Folder)
            .FirstOrDefault();
    }
}
