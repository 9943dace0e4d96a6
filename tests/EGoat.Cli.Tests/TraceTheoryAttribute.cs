using System.Diagnostics;
using EGoat.Testing;

namespace EGoat.Cli.Tests;

/// <summary>A test that ends or stops the program at a call of the system.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TraceTheoryAttribute : TheoryAttribute
{
    public TraceTheoryAttribute()
    {
        if (!OperatingSystem.IsLinux() || ProgramFactAttribute.Find("strace") is null || !CanTrace())
        {
            Skip = "Processes cannot be traced here (it takes Linux, the program strace, and the right to trace).";
        }
    }

    private static bool CanTrace()
    {
        using var process = Process.Start(new ProcessStartInfo("strace", ["-qq", "-o", "/dev/null", "true"]) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
