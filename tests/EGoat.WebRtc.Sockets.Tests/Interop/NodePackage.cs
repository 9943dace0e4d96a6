using EGoat.Testing;

namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>Packages of npm, in the folders that NODE_PATH names.</summary>
internal static class NodePackage
{
    /// <summary>Why a test that needs a package is skipped, or null.</summary>
    public static string? WhyNot(string package)
    {
        string[] folders = (Environment.GetEnvironmentVariable("NODE_PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return ProgramFactAttribute.Find("node") is null ? "node is not on PATH."
            : Array.Exists(folders, f => Directory.Exists(Path.Combine(f, package))) ? null
            : $"No folder of NODE_PATH has the package {package}.";
    }
}
