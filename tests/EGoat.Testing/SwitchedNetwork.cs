using System.Net.Sockets;

namespace EGoat.Testing;

/// <summary>
/// A switch with any number of hosts: network namespaces of this machine, and a bridge in one of their own; removed at the end.
/// Nothing in them reaches another machine.
/// </summary>
public sealed class SwitchedNetwork : IDisposable
{
    private const string Bridge = "switch";

    private static int s_count;

    private readonly string _suffix = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
    private readonly string _switch;
    private readonly List<SwitchedHost> _hosts = [];

    public SwitchedNetwork()
    {
        _switch = $"egoat-switch-{_suffix}";
        IpCommand.Run("netns", "add", _switch);
        IpCommand.Run("-n", _switch, "link", "add", Bridge, "type", "bridge");
        IpCommand.Run("-n", _switch, "link", "set", Bridge, "up");
    }

    /// <summary>Plugs another host in.</summary>
    /// <param name="families">Which addresses it has.</param>
    public SwitchedHost AddHost(params AddressFamily[] families)
    {
        ArgumentNullException.ThrowIfNull(families);
        int number = _hosts.Count + 1;
        var host = new SwitchedHost($"egoat-h{number}-{_suffix}", _switch, Bridge, $"port{number}");
        _hosts.Add(host);
        Array.ForEach(families, f => host.AddAddress(GetAddress(f, number)));
        host.WaitUntilUp();
        return host;
    }

    /// <summary>An address of this network: the first host has the first one, and so on.</summary>
    public static string GetAddress(AddressFamily family, int number) => family == AddressFamily.InterNetworkV6 ? $"fd78::{number}" : $"10.78.0.{number}";

    public void Dispose()
    {
        _hosts.ForEach(h => h.Dispose());
        IpCommand.TryRun("netns", "delete", _switch);
    }
}
