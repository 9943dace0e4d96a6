using System.Diagnostics;
using EGoat.Testing;

namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>Go packages that packages of the system install as sources.</summary>
internal static class GoPackage
{
    /// <summary>A GOPATH.</summary>
    private const string Root = "/usr/share/gocode";

    /// <summary>Why a test that needs a package is skipped, or null.</summary>
    public static string? WhyNot(string package) =>
        ProgramFactAttribute.Find("go") is null ? "go is not on PATH."
        : Directory.Exists(Path.Combine(Root, "src", package)) ? null
        : $"{Root} has no package {package}.";

    /// <summary>Builds a program. What it is made of is kept for the next time, among the machine's temporary files.</summary>
    public static void Build(string source, string program)
    {
        var go = new ProcessStartInfo(ProgramFactAttribute.Find("go")!, ["build", "-o", program, source]) { RedirectStandardError = true };
        go.Environment["GOPATH"] = Root;
        go.Environment["GO111MODULE"] = "off";
        go.Environment["GOCACHE"] = Path.Combine(Path.GetTempPath(), "egoat-go-cache");
        using Process process = Process.Start(go)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }
}
