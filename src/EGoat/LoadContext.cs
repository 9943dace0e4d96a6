using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace EGoat;

/// <summary>
/// The assembly load context of the PowerShell module: everything but this assembly is loaded into it, so that the
/// module's dependencies never meet those of PowerShell or of other modules. Used by the module's loader only.
/// </summary>
/// <remarks>
/// One context a process, however often the module is imported: rooms are process-wide, and type identity must hold
/// across runspaces.
/// </remarks>
public sealed class LoadContext : AssemblyLoadContext
{
    private static readonly Lock Gate = new();
    private static LoadContext? _instance;

    private readonly string _binFolder;
    private readonly string? _aspNetCoreFolder;

    private LoadContext(string moduleFolder)
        : base("EGoat")
    {
        _binFolder = Path.Combine(moduleFolder, "bin");
        _aspNetCoreFolder = AspNetCoreFolder.Find(moduleFolder);
    }

    /// <summary>Loads an assembly of the module, with all that it depends on, into the context.</summary>
    /// <param name="moduleFolder">The folder of <c>EGoat.psd1</c>.</param>
    /// <param name="assemblyName">The simple name of an assembly in the module's <c>bin</c> folder.</param>
    /// <returns>The assembly: the same one each time.</returns>
    /// <exception cref="FileNotFoundException">The module's folder lacks the assembly.</exception>
    public static Assembly Load(string moduleFolder, string assemblyName)
    {
        lock (Gate)
        {
            _instance ??= new LoadContext(moduleFolder);
            return _instance.LoadFromAssemblyName(new AssemblyName(assemblyName));
        }
    }

    /// <inheritdoc/>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Only the PowerShell module uses this, and it is never trimmed.")]
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        ArgumentNullException.ThrowIfNull(assemblyName);
        switch (assemblyName.Name)
        {
            case "EGoat":
                return typeof(LoadContext).Assembly;
            case "System.Management.Automation":
                return null;
        }

        string file = assemblyName.Name + ".dll";
        foreach (string? folder in (ReadOnlySpan<string?>)[_binFolder, _aspNetCoreFolder])
        {
            if (folder is not null && Path.Combine(folder, file) is var path && File.Exists(path))
            {
                return LoadFromAssemblyPath(path);
            }
        }

        if (assemblyName.Name?.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) == true)
        {
            throw new FileNotFoundException(
                $"The signaling server needs the ASP.NET Core runtime {Environment.Version.Major}.{Environment.Version.Minor}, "
                + "which was not found beside PowerShell or in the usual places. Install it (on Debian and Ubuntu: "
                + $"aspnetcore-runtime-{Environment.Version.Major}.{Environment.Version.Minor}) or set DOTNET_ROOT to where it is.",
                file);
        }

        return null;
    }

    /// <inheritdoc/>
    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        ArgumentNullException.ThrowIfNull(unmanagedDllName);
        string folder = Path.Combine(_binFolder, "runtimes", PortableRuntimeIdentifier(), "native");
        string file = OperatingSystem.IsWindows() ? unmanagedDllName + ".dll"
            : OperatingSystem.IsMacOS() ? $"lib{unmanagedDllName}.dylib"
            : $"lib{unmanagedDllName}.so";
        foreach (string candidate in (ReadOnlySpan<string>)[file, unmanagedDllName])
        {
            if (Path.Combine(folder, candidate) is var path && File.Exists(path))
            {
                return LoadUnmanagedDllFromPath(path);
            }
        }

        return 0;
    }

    // RuntimeInformation.RuntimeIdentifier names the distribution in a runtime that was built from source
    // (debian.12-x64), while native libraries are laid out by portable identifiers.
    private static string PortableRuntimeIdentifier()
    {
        string system = OperatingSystem.IsWindows() ? "win"
            : OperatingSystem.IsMacOS() ? "osx"
            : IsMusl() ? "linux-musl"
            : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }

    private static bool IsMusl() =>
        RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal)
        || RuntimeInformation.RuntimeIdentifier.StartsWith("alpine", StringComparison.Ordinal);
}
