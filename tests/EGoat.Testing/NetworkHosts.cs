using System.Diagnostics;
using Xunit;

namespace EGoat.Testing;

/// <summary>
/// Two hosts with a cable between them: network namespaces of this machine, removed at the end.
/// Nothing in them reaches another machine.
/// </summary>
public sealed class NetworkHosts : IDisposable
{
    private static int s_count;

    private readonly string _suffix = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";

    public NetworkHosts()
    {
        First = $"egoat-a-{_suffix}";
        Second = $"egoat-z-{_suffix}";
        Ip("netns", "add", First);
        Ip("netns", "add", Second);
        Ip("link", "add", FirstLink, "netns", First, "type", "veth", "peer", "name", SecondLink, "netns", Second);
        foreach ((string host, string link, string address) in new[] { (First, FirstLink, FirstAddress), (Second, SecondLink, SecondAddress) })
        {
            Ip("-n", host, "addr", "add", $"{address}/24", "dev", link);
            Ip("-n", host, "link", "set", link, "up");
            Ip("-n", host, "link", "set", "lo", "up");
        }

        // The kernel tells of the carrier a moment later; until then a link counts as down.
        Assert.True(SpinWait.SpinUntil(() => IsUp(First, FirstLink) && IsUp(Second, SecondLink), TimeSpan.FromSeconds(10)), "The hosts' link did not come up.");
    }

    public static string FirstAddress => "10.77.0.1";

    public static string SecondAddress => "10.77.0.2";

    /// <summary>The name of the first host's namespace.</summary>
    public string First { get; }

    /// <summary>The name of the second host's namespace.</summary>
    public string Second { get; }

    private string FirstLink => $"ega{_suffix}";

    private string SecondLink => $"egz{_suffix}";

    /// <summary>How long packets may be on the cable, in bytes: 1,500 at first.</summary>
    public void SetMtu(int mtu)
    {
        Ip("-n", First, "link", "set", FirstLink, "mtu", $"{mtu}");
        Ip("-n", Second, "link", "set", SecondLink, "mtu", $"{mtu}");
    }

    /// <summary>What to write before a command to have it run on a host.</summary>
    public static string[] On(string host) => ["ip", "netns", "exec", host];

    public void Dispose()
    {
        TryIp("netns", "delete", First);
        TryIp("netns", "delete", Second);
    }

    /// <summary>Why a test that needs hosts, and perhaps further programs, is skipped; or null.</summary>
    internal static string? WhyNot(params string[] programs)
    {
        if (programs.Prepend("ip").FirstOrDefault(p => ProgramFactAttribute.Find(p) is null) is { } missing)
        {
            return $"{missing} is not on PATH.";
        }

        string probe = $"egoat-probe-{Environment.ProcessId}";
        if (!TryIp("netns", "add", probe))
        {
            return "Network namespaces cannot be made here (it takes root on Linux).";
        }

        TryIp("netns", "delete", probe);
        return null;
    }

    private static bool TryIp(params string[] arguments) => TryIp(out _, arguments);

    private static bool TryIp(out string output, params string[] arguments)
    {
        using Process ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        output = ip.StandardOutput.ReadToEnd();
        ip.WaitForExit();
        return ip.ExitCode == 0;
    }

    private static bool IsUp(string host, string link) => TryIp(out string output, "-n", host, "link", "show", link) && output.Contains("state UP", StringComparison.Ordinal);

    private static void Ip(params string[] arguments) => Assert.True(TryIp(arguments), $"ip {string.Join(' ', arguments)} failed.");
}

/// <summary>A test that needs <c>ip</c>, the right to make network namespaces, and perhaps further programs.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NetworkNamespaceFactAttribute : FactAttribute
{
    public NetworkNamespaceFactAttribute(params string[] programs) => Skip = NetworkHosts.WhyNot(programs);
}

/// <summary>A theory that needs the same.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NetworkNamespaceTheoryAttribute : TheoryAttribute
{
    public NetworkNamespaceTheoryAttribute(params string[] programs) => Skip = NetworkHosts.WhyNot(programs);
}
