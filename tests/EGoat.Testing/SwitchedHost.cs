namespace EGoat.Testing;

/// <summary>A host of a <see cref="SwitchedNetwork"/>: a network namespace with one cable to the switch.</summary>
public sealed class SwitchedHost : IDisposable
{
    private const string Link = "eth0";

    private readonly string _switch;
    private readonly string _bridge;
    private readonly string _port;

    internal SwitchedHost(string name, string @switch, string bridge, string port)
    {
        (Name, _switch, _bridge, _port) = (name, @switch, bridge, port);
        IpCommand.Run("netns", "add", Name);
        IpCommand.Run("link", "add", Link, "netns", Name, "type", "veth", "peer", "name", _port, "netns", _switch);
        IpCommand.Run("-n", Name, "link", "set", "lo", "up");
        IpCommand.Run("-n", Name, "link", "set", Link, "up");

        // As distributions have it: without this, an address that goes takes later ones of its network along.
        IpCommand.Run("netns", "exec", Name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/promote_secondaries");
        PlugIn();
        Forward();
    }

    /// <summary>The name of its namespace.</summary>
    public string Name { get; }

    public void AddAddress(string address) => ChangeAddress("add", address, "nodad");

    public void RemoveAddress(string address) => ChangeAddress("delete", address);

    /// <summary>Pulls the cable out at the switch: the host sees its link lose its carrier.</summary>
    public void Unplug() => IpCommand.Run("-n", _switch, "link", "set", _port, "down");

    /// <summary>Puts it back.</summary>
    public void PlugIn() => IpCommand.Run("-n", _switch, "link", "set", _port, "up");

    /// <summary>
    /// Has the switch drop whatever comes over the cable or is to go there, as a lost radio link does: the port leaves the bridge,
    /// and the host's link stays up. It takes neither a packet filter nor a queueing discipline, which kernels may lack.
    /// </summary>
    public void Drop() => IpCommand.Run("-n", _switch, "link", "set", _port, "nomaster");

    /// <summary>Has it forward again.</summary>
    public void Forward() => IpCommand.Run("-n", _switch, "link", "set", _port, "master", _bridge);

    public void Dispose() => IpCommand.TryRun("netns", "delete", Name);

    internal void WaitUntilUp() => IpCommand.WaitUntilUp(Name, Link);

    private void ChangeAddress(string verb, string address, params string[] flags)
    {
        bool isIPv6 = address.Contains(':', StringComparison.Ordinal);
        IpCommand.Run(["-n", Name, "address", verb, $"{address}/{(isIPv6 ? 64 : 24)}", "dev", Link, .. isIPv6 ? flags : []]);
    }
}
