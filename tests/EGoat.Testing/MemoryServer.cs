using EGoat.Signaling;

namespace EGoat.Testing;

/// <summary>
/// A hub in virtual time that clients reach without sockets. What a network does to sockets can be done here: refuse them, swallow
/// what they carry, close them.
/// </summary>
internal sealed class MemoryServer(VirtualTime time, SignalingHubOptions? options = null) : ISignalingConnector
{
    /// <summary>As the server's keep-alive has it: an end of which nothing is heard for so long counts as closed.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(45);

    private readonly Lock _gate = new();
    private readonly List<MemoryLink> _links = [];
    private readonly CancellationTokenSource _stop = new();

    public SignalingHub Hub { get; private set; } = new((options ?? new SignalingHubOptions()) with { Time = time.Clock });

    /// <summary>The error that connecting ends with; null when it works.</summary>
    public string? Error { get; set; }

    /// <summary>Whether connections are taken and never answered, as a stopped process does.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>When somebody tried to connect, in virtual time.</summary>
    public List<DateTimeOffset> Attempts { get; } = [];

    /// <summary>The first link.</summary>
    public MemoryLink FirstLink => _links[0];

    /// <summary>The last link.</summary>
    public MemoryLink Link => _links[^1];

    public async Task<ISignalingConnection> ConnectAsync(Uri server, CancellationToken cancellationToken) => (await OpenAsync(cancellationToken)).Client;

    /// <summary>Makes a link, whose client's end is still to join.</summary>
    public async Task<MemoryLink> OpenAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Attempts.Add(time.Clock.GetUtcNow());
        }

        if (IsFrozen)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time.Clock, cancellationToken);
        }

        if (Error is { } code)
        {
            throw new SignalingException(code, $"It is {code}.", null);
        }

        var link = new MemoryLink(time.Clock, KeepAlive);
        lock (_gate)
        {
            _links.Add(link);
        }

        link.Served = Hub.RunAsync(link.Server, "192.0.2.1", _stop.Token);
        return link;
    }

    /// <summary>Ends like a process that is killed, and is there again with nothing that it knew.</summary>
    public void Restart()
    {
        Hub = new SignalingHub((options ?? new SignalingHubOptions()) with { Time = time.Clock });
        foreach (MemoryLink link in _links)
        {
            link.Close();
        }
    }

    public Task<SignalingClient> JoinAsync(char peer, Func<SignalingClientOptions, SignalingClientOptions>? change = null)
    {
        var plain = new SignalingClientOptions { Server = new Uri("http://memory/"), Room = "lobby", Peer = new string(peer, 26), Time = time.Clock, Connector = this };
        return SignalingClient.ConnectAsync(change is null ? plain : change(plain), CancellationToken.None);
    }
}
