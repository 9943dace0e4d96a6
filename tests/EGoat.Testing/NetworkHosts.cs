using Xunit;

namespace EGoat.Testing;

/// <summary>
/// Two hosts with a cable between them: network namespaces of this machine, removed at the end.
/// Nothing in them reaches another machine.
/// </summary>
public sealed class NetworkHosts : IDisposable
{
    private static int s_count;

    /// <summary>Whether namespaces can be made: tried once, since several tests may ask at the same time.</summary>
    private static readonly Lazy<bool> CanMake = new(Probe);

    private readonly string _suffix = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";

    public NetworkHosts()
    {
        First = $"egoat-a-{_suffix}";
        Second = $"egoat-z-{_suffix}";
        IpCommand.Run("netns", "add", First);
        IpCommand.Run("netns", "add", Second);
        IpCommand.Run("link", "add", FirstLink, "netns", First, "type", "veth", "peer", "name", SecondLink, "netns", Second);
        foreach ((string host, string link, string address) in new[] { (First, FirstLink, FirstAddress), (Second, SecondLink, SecondAddress) })
        {
            IpCommand.Run("-n", host, "addr", "add", $"{address}/24", "dev", link);
            IpCommand.Run("-n", host, "link", "set", link, "up");
            IpCommand.Run("-n", host, "link", "set", "lo", "up");
        }

        IpCommand.WaitUntilUp(First, FirstLink);
        IpCommand.WaitUntilUp(Second, SecondLink);
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
        IpCommand.Run("-n", First, "link", "set", FirstLink, "mtu", $"{mtu}");
        IpCommand.Run("-n", Second, "link", "set", SecondLink, "mtu", $"{mtu}");
    }

    /// <summary>What to write before a command to have it run on a host.</summary>
    public static string[] On(string host) => ["ip", "netns", "exec", host];

    public void Dispose()
    {
        IpCommand.TryRun("netns", "delete", First);
        IpCommand.TryRun("netns", "delete", Second);
    }

    /// <summary>Why a test that needs hosts, and perhaps further programs, is skipped; or null.</summary>
    internal static string? WhyNot(params string[] programs)
    {
        if (programs.Prepend("ip").FirstOrDefault(p => ProgramFactAttribute.Find(p) is null) is { } missing)
        {
            return $"{missing} is not on PATH.";
        }

        return CanMake.Value ? null : "Network namespaces cannot be made here (it takes root on Linux).";
    }

    private static bool Probe()
    {
        string probe = $"egoat-probe-{Environment.ProcessId}";
        return IpCommand.TryRun("netns", "add", probe) && IpCommand.TryRun("netns", "delete", probe);
    }
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
