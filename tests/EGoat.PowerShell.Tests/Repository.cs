using System.Reflection;

namespace EGoat.PowerShell.Tests;

/// <summary>Where the sources, the staged module and what was restored for the tests are.</summary>
internal static class Repository
{
    /// <summary>The folder of <c>EGoat.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The module that a build has staged.</summary>
    public static string Module { get; } = Path.Combine(Root, "module", "EGoat");

    /// <summary>The folder of the Pester files.</summary>
    public static string PesterTests { get; } = Path.Combine(Root, "tests", "Module");

    /// <summary>Pester, as the package that was restored.</summary>
    public static string Pester { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Pester").Value!;

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "EGoat.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The tests run inside of the repository.");
    }
}
