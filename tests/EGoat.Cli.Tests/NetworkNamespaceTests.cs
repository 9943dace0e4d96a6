using System.Text.Json.Nodes;
using EGoat.Testing;
using EGoat.WebRtc.Ice;

namespace EGoat.Cli.Tests;

/// <summary>Two hosts: the server on an address that is not loopback, over https with a pinned certificate.</summary>
public sealed class NetworkNamespaceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-netns-").FullName;
    private readonly List<CliProcess> _processes = [];

    public void Dispose()
    {
        _processes.ForEach(p => p.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    [NetworkNamespaceFact]
    public async Task A_text_and_a_file_go_from_one_host_to_the_other()
    {
        using var hosts = new NetworkHosts();
        CliProcess serve = Start(hosts.First, "server", "serve", "--listen", $"{NetworkHosts.FirstAddress}:0", "--json");
        string url = (string)JsonNode.Parse(await serve.ReadLineAsync())!["url"]!;
        Assert.StartsWith($"https://{NetworkHosts.FirstAddress}:", url, StringComparison.Ordinal);
        Assert.Contains("#cert=", url, StringComparison.Ordinal);
        (string source, byte[] content) = TestFile.Create(_folder, "goat.bin", 10 * 1024 * 1024);
        CliProcess receive = Start(hosts.Second, "bob", "receive", "--server", url, "--room", "lobby", "--output", Path.Combine(_folder, "inbox"), "--files", "1", "--json");
        await receive.ReadEventAsync("joined");
        CliProcess send = Start(hosts.First, "ada", "send", "--server", url, "--room", "lobby", "--text", "hello over there", "--json", source);
        JsonObject joined = await receive.ReadEventAsync("join");
        Assert.StartsWith($"{NetworkHosts.FirstAddress}:", (string?)joined["address"], StringComparison.Ordinal);
        Assert.Equal("hello over there", (string?)(await receive.ReadEventAsync("message"))["text"]);
        JsonObject transfer = await receive.ReadEventAsync("transfer");
        Assert.Equal("Completed", (string?)transfer["state"]);
        Assert.Equal(content, TestFile.HashOf((string)transfer["path"]!));
        Assert.Equal(0, (await receive.EndAsync()).ExitCode);
        Assert.Equal(0, (await send.EndAsync()).ExitCode);

        // Whoever has another pin does not get in.
        CliProcess wrong = Start(hosts.Second, "eve", "receive", "--server", url[..^4] + "AAAA", "--room", "lobby", "--output", Path.Combine(_folder, "inbox"));
        (int exitCode, _, string errors) = await wrong.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains("is not the one that the URL pins", errors, StringComparison.Ordinal);
    }

    [NetworkNamespaceTheory(TurnServer.Program)]
    [InlineData(IceServerTransport.Udp)]
    [InlineData(IceServerTransport.Tcp)]
    [InlineData(IceServerTransport.Tls)]
    public async Task A_file_goes_through_a_relay_when_only_that_is_allowed(IceServerTransport transport)
    {
        using var hosts = new NetworkHosts();
        using TurnServer turn = TurnServer.Start(NetworkHosts.FirstAddress, hosts.First);
        string user = $"{TurnServer.Username}:{TurnServer.Password}";
        string iceServer = transport switch
        {
            IceServerTransport.Udp => $"turn:{user}@{turn.Address}:{turn.Port}",
            IceServerTransport.Tcp => $"turn:{user}@{turn.Address}:{turn.Port}?transport=tcp",
            _ => $"turns:{user}@{turn.Address}:{turn.TlsPort}",
        };
        CliProcess serve = Start(hosts.First, "server", "serve", "--listen", $"{NetworkHosts.FirstAddress}:0", "--ice-server", iceServer, "--json");
        string url = (string)JsonNode.Parse(await serve.ReadLineAsync())!["url"]!;
        (string source, byte[] content) = TestFile.Create(_folder, "goat.bin", 5 * 1024 * 1024);
        string[] trusting = [.. NetworkHosts.On(hosts.Second), "env", $"SSL_CERT_FILE={turn.CertificatePath}"];
        CliProcess receive = Start(trusting, "bob", "receive", "--server", url, "--room", "lobby", "--output", Path.Combine(_folder, "inbox"), "--files", "1", "--relay-only", "--json");
        await receive.ReadEventAsync("joined");
        CliProcess send = Start(trusting, "ada", "send", "--server", url, "--room", "lobby", "--relay-only", "--json", source);

        // Both live on the second host; what each sees of the other is an address of the relay.
        Assert.StartsWith($"{turn.Address}:", (string?)(await receive.ReadEventAsync("join"))["address"], StringComparison.Ordinal);
        JsonObject transfer = await receive.ReadEventAsync("transfer");
        Assert.True((string?)transfer["state"] == "Completed", (string?)transfer["error"]);
        Assert.Equal(content, TestFile.HashOf((string)transfer["path"]!));
        Assert.Equal(0, (await receive.EndAsync()).ExitCode);
        Assert.Equal(0, (await send.EndAsync()).ExitCode);
    }

    [NetworkNamespaceFact]
    public async Task A_cable_that_carries_less_from_the_middle_of_a_file_on_does_not_interrupt_it()
    {
        using var hosts = new NetworkHosts();
        hosts.SetMtu(9000);
        CliProcess serve = Start(hosts.First, "server", "serve", "--listen", $"{NetworkHosts.FirstAddress}:0", "--json");
        string url = (string)JsonNode.Parse(await serve.ReadLineAsync())!["url"]!;
        (string source, byte[] content) = TestFile.Create(_folder, "goat.bin", 24 * 1024 * 1024);
        string inbox = Path.Combine(_folder, "inbox");
        CliProcess receive = Start(hosts.Second, "bob", "receive", "--server", url, "--room", "lobby", "--output", inbox, "--files", "1", "--json");
        await receive.ReadEventAsync("joined");
        CliProcess send = Start(hosts.First, "ada", "send", "--server", url, "--room", "lobby", "--max-rate", "8MB", "--json", source);
        await receive.ReadEventAsync("join");

        // Far enough for the path to be known: fragments for jumbo frames are on their way.
        Assert.True(SpinWait.SpinUntil(() => new DirectoryInfo(inbox).EnumerateFiles("*.part").Any(f => f.Length > 8 * 1024 * 1024), TimeSpan.FromSeconds(60)));
        hosts.SetMtu(1500);
        JsonObject transfer = await receive.ReadEventAsync("transfer");
        Assert.Equal(("Completed", 0L), ((string?)transfer["state"], (long)transfer["bytesResumed"]!));
        Assert.Equal(content, TestFile.HashOf((string)transfer["path"]!));
        Assert.Equal(0, (await receive.EndAsync()).ExitCode);
        Assert.Equal(0, (await send.EndAsync()).ExitCode);
    }

    private CliProcess Start(string host, string home, params IEnumerable<string> arguments) => Start(NetworkHosts.On(host), home, arguments);

    private CliProcess Start(string[] prefix, string home, params IEnumerable<string> arguments)
    {
        CliProcess process = CliProcess.StartIn(prefix, Path.Combine(_folder, home), arguments);
        process.CloseInput();
        _processes.Add(process);
        return process;
    }
}
