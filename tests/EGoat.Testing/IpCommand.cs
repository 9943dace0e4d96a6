using System.Diagnostics;
using Xunit;

namespace EGoat.Testing;

/// <summary>The program <c>ip</c>, which makes network namespaces and what is in them.</summary>
internal static class IpCommand
{
    /// <summary>Runs it; a test fails where it does.</summary>
    public static void Run(params string[] arguments) => Assert.True(TryRun(arguments), $"ip {string.Join(' ', arguments)} failed.");

    public static bool TryRun(params string[] arguments) => TryRun(out _, arguments);

    public static bool TryRun(out string output, params string[] arguments)
    {
        using Process ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        output = ip.StandardOutput.ReadToEnd();
        ip.WaitForExit();
        return ip.ExitCode == 0;
    }

    /// <summary>Waits until the kernel has told of a link's carrier; until then it counts as down.</summary>
    public static void WaitUntilUp(string host, string link) =>
        Assert.True(SpinWait.SpinUntil(() => IsUp(host, link), TimeSpan.FromSeconds(10)), $"The link {link} of {host} did not come up.");

    private static bool IsUp(string host, string link) => TryRun(out string output, "-n", host, "link", "show", link) && output.Contains("state UP", StringComparison.Ordinal);
}
