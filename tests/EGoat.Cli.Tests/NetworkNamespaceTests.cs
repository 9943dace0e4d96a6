using System.Diagnostics;
using System.Text.Json.Nodes;
using EGoat.Testing;

namespace EGoat.Cli.Tests;

/// <summary>Two hosts that are network namespaces: the server on an address that is not loopback, over https with a pinned certificate.</summary>
public sealed class NetworkNamespaceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-netns-").FullName;
    private readonly string _a = $"egoat-a-{Environment.ProcessId}";
    private readonly string _z = $"egoat-z-{Environment.ProcessId}";
    private readonly List<CliProcess> _processes = [];

    public void Dispose()
    {
        _processes.ForEach(p => p.Dispose());
        Ip("netns", "delete", _a);
        Ip("netns", "delete", _z);
        Directory.Delete(_folder, recursive: true);
    }

    [NetworkNamespaceFact]
    public async Task A_text_and_a_file_go_from_one_host_to_the_other()
    {
        CreateHosts();
        CliProcess serve = Start(_a, "server", "serve", "--listen", "10.77.0.1:0", "--json");
        string url = (string)JsonNode.Parse(await serve.ReadLineAsync())!["url"]!;
        Assert.StartsWith("https://10.77.0.1:", url, StringComparison.Ordinal);
        Assert.Contains("#cert=", url, StringComparison.Ordinal);
        string source = Path.Combine(_folder, "goat.bin");
        var content = new byte[10 * 1024 * 1024];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(source, content);
        CliProcess receive = Start(_z, "bob", "receive", "--server", url, "--room", "lobby", "--output", Path.Combine(_folder, "inbox"), "--files", "1", "--json");
        await receive.ReadEventAsync("joined");
        CliProcess send = Start(_a, "ada", "send", "--server", url, "--room", "lobby", "--text", "hello over there", "--json", source);
        JsonObject joined = await receive.ReadEventAsync("join");
        Assert.StartsWith("10.77.0.1:", (string?)joined["address"], StringComparison.Ordinal);
        Assert.Equal("hello over there", (string?)(await receive.ReadEventAsync("message"))["text"]);
        JsonObject transfer = await receive.ReadEventAsync("transfer");
        Assert.Equal("Completed", (string?)transfer["state"]);
        Assert.Equal(content, await File.ReadAllBytesAsync((string)transfer["path"]!));
        Assert.Equal(0, (await receive.EndAsync()).ExitCode);
        Assert.Equal(0, (await send.EndAsync()).ExitCode);

        // Whoever has another pin does not get in.
        CliProcess wrong = Start(_z, "eve", "receive", "--server", url[..^4] + "AAAA", "--room", "lobby", "--output", Path.Combine(_folder, "inbox"));
        (int exitCode, _, string errors) = await wrong.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains("is not the one that the URL pins", errors, StringComparison.Ordinal);
    }

    private static int Ip(params string[] arguments)
    {
        using Process ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        ip.WaitForExit();
        return ip.ExitCode;
    }

    private void CreateHosts()
    {
        string linkA = $"ega{Environment.ProcessId}";
        string linkZ = $"egz{Environment.ProcessId}";
        Assert.Equal(0, Ip("netns", "add", _a));
        Assert.Equal(0, Ip("netns", "add", _z));
        Assert.Equal(0, Ip("link", "add", linkA, "netns", _a, "type", "veth", "peer", "name", linkZ, "netns", _z));
        foreach ((string host, string link, string address) in new[] { (_a, linkA, "10.77.0.1/24"), (_z, linkZ, "10.77.0.2/24") })
        {
            Assert.Equal(0, Ip("-n", host, "addr", "add", address, "dev", link));
            Assert.Equal(0, Ip("-n", host, "link", "set", link, "up"));
            Assert.Equal(0, Ip("-n", host, "link", "set", "lo", "up"));
        }
    }

    private CliProcess Start(string host, string home, params IEnumerable<string> arguments)
    {
        CliProcess process = CliProcess.StartIn(["ip", "netns", "exec", host], Path.Combine(_folder, home), arguments);
        process.CloseInput();
        _processes.Add(process);
        return process;
    }

    /// <summary>Needs <c>ip</c> and the right to make network namespaces.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class NetworkNamespaceFactAttribute : FactAttribute
    {
        public NetworkNamespaceFactAttribute()
        {
            string probe = $"egoat-probe-{Environment.ProcessId}";
            if (ProgramFactAttribute.Find("ip") is null)
            {
                Skip = "ip is not on PATH.";
            }
            else if (Ip("netns", "add", probe) != 0)
            {
                Skip = "Network namespaces cannot be made here (it takes root on Linux).";
            }
            else
            {
                Ip("netns", "delete", probe);
            }
        }
    }
}
