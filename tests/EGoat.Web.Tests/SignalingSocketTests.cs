using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using EGoat.Signaling;

namespace EGoat.Web.Tests;

/// <summary>The hub over real sockets: refusals arrive, and who is silent is dropped.</summary>
public sealed class SignalingSocketTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));
    private SignalingServer? _server;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
        _limit.Dispose();
    }

    [Fact]
    public async Task A_refusal_after_a_valid_join_reaches_the_client_every_time()
    {
        SignalingServer server = await StartAsync(new SignalingServerOptions { Hub = new SignalingHubOptions { MaxMembersPerRoom = 1, MaxRoomsPerAddress = 1, MaxJoinsPerMinute = 151 } });
        await using SignalingClient member = await JoinAsync(server.Url, 'a', "lobby");
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal("room-full", await RefusedAsync(server.Url, 'b', "lobby"));
            Assert.Equal("peer-id-taken", await RefusedAsync(server.Url, 'a', "lobby"));
            Assert.Equal("too-many-rooms", await RefusedAsync(server.Url, 'c', "another"));
        }

        for (int i = 0; i < 50; i++)
        {
            Assert.Equal("too-fast", await RefusedAsync(server.Url, 'd', "lobby"));
        }
    }

    [Fact]
    public async Task A_member_that_is_silent_is_neither_listed_nor_counted_and_a_newcomer_does_not_meet_it()
    {
        SignalingServer server = await StartAsync(new SignalingServerOptions { KeepAliveInterval = TimeSpan.FromMilliseconds(100), KeepAliveTimeout = TimeSpan.FromMilliseconds(200) });
        using var way = new Way(server.Url);
        await using SignalingClient stays = await JoinAsync(server.Url, 'a', "lobby");
        Assert.IsType<SignalingJoined>(await stays.Events.ReadAsync(_limit.Token));
        await using SignalingClient ghost = await JoinAsync(way.Url, 'z', "lobby");
        Assert.IsType<SignalingPeerJoined>(await stays.Events.ReadAsync(_limit.Token));
        way.Cut();
        Assert.Equal(new SignalingPeerLeft(new string('z', 26)), await stays.Events.ReadAsync(_limit.Token));
        Assert.Equal(1, server.Peers);
        await using SignalingClient newcomer = await JoinAsync(server.Url, 'b', "lobby");
        Assert.Equal([new string('a', 26)], Assert.IsType<SignalingJoined>(await newcomer.Events.ReadAsync(_limit.Token)).Peers);

        // Who answers pings stays, as browsers do by themselves.
        Assert.True(stays.IsConnected);
    }

    [Fact]
    public async Task A_client_whose_server_is_silent_is_back_when_it_speaks_again()
    {
        SignalingServer server = await StartAsync(new SignalingServerOptions());
        using var way = new Way(server.Url);
        await using SignalingClient client = await JoinAsync(way.Url, 'a', "lobby", TimeSpan.FromMilliseconds(300));
        Assert.IsType<SignalingJoined>(await client.Events.ReadAsync(_limit.Token));
        way.Cut();
        Assert.Equal("The signaling server does not answer.", Assert.IsType<SignalingLost>(await client.Events.ReadAsync(_limit.Token)).Reason);
        way.Mend();
        var joined = Assert.IsType<SignalingJoined>(await client.Events.ReadAsync(_limit.Token));
        Assert.True(joined.IsRejoin);
        Assert.Empty(joined.Peers); // The old socket, still listed, was replaced by the ticket.
    }

    [Fact]
    public async Task A_keep_alive_of_the_socket_itself_that_gives_up_is_a_lost_socket()
    {
        SignalingServer server = await StartAsync(new SignalingServerOptions());
        using var way = new Way(server.Url);
        using var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.FromMilliseconds(100);
        socket.Options.KeepAliveTimeout = TimeSpan.FromMilliseconds(100);
        await socket.ConnectAsync(new UriBuilder(way.Url) { Scheme = "ws", Path = "/signal" }.Uri, _limit.Token);
        var messages = new WebSocketMessageSocket(socket);
        way.Cut();
        Assert.Null(await messages.ReceiveAsync(_limit.Token));
        await messages.SendAsync("x"u8.ToArray(), _limit.Token);
        await messages.CloseAsync("gone");
    }

    [Fact]
    public async Task A_path_before_the_servers_own_is_kept()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<SignalingException> joining = Assert.ThrowsAsync<SignalingException>(() => JoinAsync(new Uri($"http://{listener.LocalEndpoint}/teams/goats/"), 'a', "lobby"));
        using (TcpClient client = await listener.AcceptTcpClientAsync(_limit.Token))
        using (var reader = new StreamReader(client.GetStream()))
        {
            Assert.Equal("GET /teams/goats/signal HTTP/1.1", await reader.ReadLineAsync(_limit.Token));
        }

        listener.Stop();
        await joining;
    }

    private async Task<SignalingServer> StartAsync(SignalingServerOptions options) =>
        _server = await SignalingServer.StartAsync(options with { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, null, _limit.Token);

    private Task<SignalingClient> JoinAsync(Uri server, char peer, string room, TimeSpan? silence = null)
    {
        var options = new SignalingClientOptions { Server = server, Room = room, Peer = new string(peer, 26) };
        return SignalingClient.ConnectAsync(silence is { } s ? options with { SilenceTimeout = s, ConnectTimeout = s } : options, _limit.Token);
    }

    private async Task<string> RefusedAsync(Uri server, char peer, string room) =>
        (await Assert.ThrowsAsync<SignalingException>(() => JoinAsync(server, peer, room))).Code;

    /// <summary>A way to the server that can be cut without either end being told.</summary>
    private sealed class Way : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _end = new();
        private readonly List<TcpClient> _clients = [];
        private readonly int _port;
        private CancellationTokenSource _cut = new();

        public Way(Uri server)
        {
            _port = server.Port;
            _listener.Start();
            _ = AcceptAsync();
        }

        public Uri Url => new($"http://{_listener.LocalEndpoint}/");

        /// <summary>What is connected stays so, and carries nothing any more; so does what is connected from now on.</summary>
        public void Cut() => _cut.Cancel();

        /// <summary>What is connected from now on carries data again.</summary>
        public void Mend() => _cut = new CancellationTokenSource();

        public void Dispose()
        {
            _end.Cancel();
            _listener.Stop();
            lock (_clients)
            {
                _clients.ForEach(c => c.Dispose());
            }
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    TcpClient near = await _listener.AcceptTcpClientAsync(_end.Token);
                    var far = new TcpClient();
                    await far.ConnectAsync(IPAddress.Loopback, _port, _end.Token);
                    lock (_clients)
                    {
                        _clients.AddRange([near, far]);
                    }

                    CancellationToken cut = _cut.Token;
                    _ = PassAsync(near, far, cut);
                    _ = PassAsync(far, near, cut);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The end.
            }
        }

        private static async Task PassAsync(TcpClient from, TcpClient to, CancellationToken cut)
        {
            var buffer = new byte[4096];
            try
            {
                while (!cut.IsCancellationRequested && await from.GetStream().ReadAsync(buffer, cut) is > 0 and int length)
                {
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, length), cut);
                }

                if (!cut.IsCancellationRequested)
                {
                    to.Client.Shutdown(SocketShutdown.Send);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // Cut, or at its end.
            }
        }
    }
}
