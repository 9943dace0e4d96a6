using EGoat.Testing;

namespace EGoat.Cli.Tests;

/// <summary>A test that mounts a file system of limited size.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || ProgramFactAttribute.Find("mount") is null || !CanMount())
        {
            Skip = "File systems cannot be mounted here (it takes root on Linux, and the program mount).";
        }
    }

    private static bool CanMount()
    {
        string folder = Directory.CreateTempSubdirectory("egoat-mount-").FullName;
        try
        {
            bool isMounted = Run("mount", "-t", "tmpfs", "tmpfs", folder);
            return isMounted && Run("umount", folder);
        }
        finally
        {
            Directory.Delete(folder);
        }
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
