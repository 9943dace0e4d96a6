using System.Collections.Concurrent;
using System.Diagnostics;

namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>Modules of the system's Python, the one that packages of the system install for.</summary>
internal static class PythonModule
{
    public const string Python = "/usr/bin/python3";

    private static readonly ConcurrentDictionary<string, bool> Found = new();

    /// <summary>Why a test that needs a module is skipped, or null.</summary>
    /// <param name="module">Its name.</param>
    /// <param name="check">What it must be able to do, as Python says it; null asks no more.</param>
    public static string? WhyNot(string module, string? check) =>
        Found.GetOrAdd(module, _ => Runs($"import {module}\n{check}")) ? null : $"{Python} has no working module {module}.";

    private static bool Runs(string code)
    {
        if (!File.Exists(Python))
        {
            return false;
        }

        using Process process = Process.Start(new ProcessStartInfo(Python, ["-c", code]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
