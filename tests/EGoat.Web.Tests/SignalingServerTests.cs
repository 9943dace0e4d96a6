using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using EGoat.Signaling;

namespace EGoat.Web.Tests;

public sealed class SignalingServerTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-web-").FullName;
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(30));
    private readonly HttpClient _client = new(new HttpClientHandler { AllowAutoRedirect = false });
    private SignalingServer _server = null!;

    public async Task InitializeAsync() => _server = await StartAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) });

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _client.Dispose();
        _limit.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_page_is_served_with_a_strict_policy_and_names_nothing_from_elsewhere()
    {
        HttpResponseMessage response = await _client.GetAsync(_server.Url);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            Assert.Single(response.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Cross-Origin-Opener-Policy")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Cross-Origin-Resource-Policy")));
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        string html = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("http://", html.Replace("http://www.w3.org", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("https://", html, StringComparison.Ordinal);
        Assert.Equal("text/javascript", (await _client.GetAsync(new Uri(_server.Url, "app.js"))).Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/../EGoat.sln")]
    [InlineData("/wwwroot/index.html")]
    public async Task What_is_not_there_is_not_found(string path) =>
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync(new Uri(_server.Url, path))).StatusCode);

    [Theory]
    [InlineData("/")]
    [InlineData("/api/status")]
    [InlineData("/signal")]
    public async Task A_host_name_that_a_foreign_DNS_server_could_point_here_is_refused(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_server.Url, path));
        request.Headers.Host = "evil.example.org";
        Assert.Equal(HttpStatusCode.Forbidden, (await _client.SendAsync(request)).StatusCode);
    }

    [Theory]
    [InlineData("%.evil")]
    [InlineData("%.evil:4747")]
    [InlineData("evil.%")]
    [InlineData("localhost.evil")]
    [InlineData("127.0.0.1.evil")]
    [InlineData("evil%")]
    public async Task A_host_name_that_only_looks_like_this_machines_is_refused(string host)
    {
        using HttpRequestMessage request = Authorized(HttpMethod.Get, "/api/status");
        request.Headers.Host = host.Replace("%", Dns.GetHostName(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await _client.SendAsync(request)).StatusCode);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("http://127.0.0.1")]
    [InlineData("https://127.0.0.1:%")]
    [InlineData("http://127.0.0.1:%.evil")]
    [InlineData("http://localhost:%")]
    [InlineData("file://")]
    public async Task An_origin_that_is_not_exactly_the_pages_is_refused_on_every_route(string origin)
    {
        foreach (string path in new[] { "/", "/api/status", "/signal" })
        {
            using HttpRequestMessage request = Authorized(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("Origin", origin.Replace("%", $"{_server.Url.Port}", StringComparison.Ordinal));
            Assert.Equal(HttpStatusCode.Forbidden, (await _client.SendAsync(request)).StatusCode);
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api/status")]
    [InlineData("/signal")]
    public async Task A_foreign_origin_is_refused_on_every_route(string path)
    {
        using HttpRequestMessage request = Authorized(HttpMethod.Get, path);
        request.Headers.Add("Origin", "https://evil.example.org");
        Assert.Equal(HttpStatusCode.Forbidden, (await _client.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task The_pages_own_origin_is_accepted()
    {
        using HttpRequestMessage request = Authorized(HttpMethod.Get, "/api/status");
        request.Headers.Add("Origin", _server.Url.GetLeftPart(UriPartial.Authority));
        Assert.Equal(HttpStatusCode.OK, (await _client.SendAsync(request)).StatusCode);
    }

    [Theory]
    [InlineData("/api/status")]
    [InlineData("/api/rooms")]
    [InlineData("/api/history")]
    [InlineData("/api/nothing")]
    public async Task Data_needs_the_token(string path)
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await _client.GetAsync(new Uri(_server.Url, path))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _client.GetAsync(new Uri(_server.Url, $"{path}?t={_server.Token}"))).StatusCode);
        using var wrong = new HttpRequestMessage(HttpMethod.Get, new Uri(_server.Url, path));
        wrong.Headers.Authorization = new AuthenticationHeaderValue("Bearer", new string('0', _server.Token.Length));
        Assert.Equal(HttpStatusCode.Unauthorized, (await _client.SendAsync(wrong)).StatusCode);
    }

    [Fact]
    public async Task The_page_link_carries_the_token_in_its_fragment() =>
        Assert.Equal($"{_server.Url.GetLeftPart(UriPartial.Authority)}/#t={_server.Token}", await Task.FromResult(_server.Page));

    [Fact]
    public async Task The_token_of_the_page_outlives_the_server_and_only_its_owner_can_read_it()
    {
        var options = new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), DataFolder = _folder };
        await using SignalingServer first = await StartAsync(options);
        await using SignalingServer second = await StartAsync(options);
        Assert.Equal(first.Token, second.Token);
        Assert.NotEqual(_server.Token, first.Token);
        string path = Path.Combine(_folder, "page.token");
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
            await using SignalingServer third = await StartAsync(options);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }

        await File.WriteAllTextAsync(path, "short");
        await using SignalingServer fourth = await StartAsync(options);
        Assert.NotEqual(first.Token, fourth.Token);
        Assert.Equal(48, fourth.Token.Length);
    }

    [Fact]
    public async Task Status_and_rooms_tell_what_is_going_on()
    {
        await using SignalingClient client = await JoinAsync(_server.Url);
        using HttpRequestMessage request = Authorized(HttpMethod.Get, "/api/rooms");
        Assert.Equal("""[{"name":"lobby","members":1}]""", await (await _client.SendAsync(request)).Content.ReadAsStringAsync());
        Assert.Equal(1, _server.Rooms);
        Assert.Equal(1, _server.Peers);
        using HttpRequestMessage history = Authorized(HttpMethod.Get, "/api/history");
        Assert.Equal(HttpStatusCode.NotFound, (await _client.SendAsync(history)).StatusCode); // this server was started without one
    }

    [Fact]
    public async Task Two_clients_meet_over_real_sockets()
    {
        await using SignalingClient a = await JoinAsync(_server.Url, 'a');
        await using SignalingClient z = await JoinAsync(_server.Url, 'z');
        Assert.IsType<SignalingJoined>(await a.Events.ReadAsync(_limit.Token));
        Assert.Equal(new string('z', 26), Assert.IsType<SignalingPeerJoined>(await a.Events.ReadAsync(_limit.Token)).Peer);
        Assert.Equal([new string('a', 26)], Assert.IsType<SignalingJoined>(await z.Events.ReadAsync(_limit.Token)).Peers);
        Assert.True(await z.SendAsync(new string('a', 26), "hello", _limit.Token));
        Assert.Equal(new SignalingReceived(new string('z', 26), "hello"), await a.Events.ReadAsync(_limit.Token));
    }

    [Fact]
    public async Task A_client_joins_again_after_the_server_has_restarted()
    {
        await using SignalingClient client = await JoinAsync(_server.Url);
        Assert.False(Assert.IsType<SignalingJoined>(await client.Events.ReadAsync(_limit.Token)).IsRejoin);
        int port = _server.Url.Port;
        await _server.DisposeAsync();
        Assert.IsType<SignalingLost>(await client.Events.ReadAsync(_limit.Token));
        _server = await StartAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, port) });
        Assert.True(Assert.IsType<SignalingJoined>(await client.Events.ReadAsync(_limit.Token)).IsRejoin);
    }

    [Fact]
    public async Task A_frame_that_is_too_long_ends_the_socket()
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(_server.Url) { Scheme = "ws", Path = "/signal" }.Uri, _limit.Token);
        try
        {
            await socket.SendAsync(new byte[SignalingLimits.MaxFrameLength + 1], WebSocketMessageType.Text, true, _limit.Token);
            WebSocketReceiveResult result = await socket.ReceiveAsync(new byte[1000], _limit.Token);
            Assert.Equal(WebSocketMessageType.Close, result.MessageType);
        }
        catch (WebSocketException)
        {
            // Ended without a goodbye: as good.
        }
    }

    [Fact]
    public async Task It_stops_within_a_second_with_sockets_open()
    {
        await using SignalingClient client = await JoinAsync(_server.Url);
        var watch = Stopwatch.StartNew();
        await _server.StopAsync().WaitAsync(TimeSpan.FromSeconds(5));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"It took {watch.Elapsed}.");
        Assert.False(_server.IsRunning);
    }

    [Fact]
    public async Task A_taken_port_is_named_with_the_remedy()
    {
        SignalingServerException e = await Assert.ThrowsAsync<SignalingServerException>(() => StartAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, _server.Url.Port) }));
        Assert.Equal($"Cannot listen on 127.0.0.1:{_server.Url.Port}: the port is taken. Choose another address or port, or port 0 for a free one.", e.Message);
    }

    [Fact]
    public async Task Off_loopback_it_is_https_whose_certificate_the_URL_pins()
    {
        await using SignalingServer server = await StartAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Any, 0), DataFolder = _folder });
        Assert.Equal("https", server.Url.Scheme);
        byte[]? pin = CertificatePin.FromUrl(server.Url);
        Assert.NotNull(pin);
        var local = new Uri($"https://127.0.0.1:{server.Url.Port}/{server.Url.Fragment}");
        await using (await JoinAsync(local))
        {
            Assert.Equal(1, server.Peers);
        }

        pin[0] ^= 1;
        var wrong = new Uri($"https://127.0.0.1:{server.Url.Port}/#cert={System.Buffers.Text.Base64Url.EncodeToString(pin)}");
        SignalingException e = await Assert.ThrowsAsync<SignalingException>(() => JoinAsync(wrong));
        Assert.Contains("is not the one that the URL pins", e.Message, StringComparison.Ordinal);
        await using SignalingServer again = await StartAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Any, 0), DataFolder = _folder });
        Assert.Equal(server.Url.Fragment, again.Url.Fragment);
    }

    private Task<SignalingServer> StartAsync(SignalingServerOptions options) => SignalingServer.StartAsync(options, null, _limit.Token);

    private Task<SignalingClient> JoinAsync(Uri server, char peer = 'a') =>
        SignalingClient.ConnectAsync(new SignalingClientOptions { Server = server, Room = "lobby", Peer = new string(peer, 26) }, _limit.Token);

    private HttpRequestMessage Authorized(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(_server.Url, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _server.Token);
        return request;
    }
}
