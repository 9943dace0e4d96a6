namespace EGoat.Benchmarks.Processes;

/// <summary>How programs are called.</summary>
internal static class Programs
{
    /// <summary>The words that start egoat: the published program, or the one that was built with this.</summary>
    public static string[] EGoat(string? published) => published is null ? [DotNet(), Path.Combine(AppContext.BaseDirectory, "EGoat.Cli.dll")] : [Path.GetFullPath(published)];

    /// <summary>The words that start this program in a role.</summary>
    public static string[] Worker(params IEnumerable<string> arguments) => [DotNet(), Path.Combine(AppContext.BaseDirectory, "EGoat.Benchmarks.dll"), "worker", .. arguments];

    /// <summary>A program's full path; null when it is not there.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? $"{name}.exe" : name))
        .FirstOrDefault(File.Exists);

    private static string DotNet() => Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
}
