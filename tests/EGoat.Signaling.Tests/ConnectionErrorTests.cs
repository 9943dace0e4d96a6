using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace EGoat.Signaling.Tests;

/// <summary>Why a server cannot be reached: each cause has its code and names its remedy. Real sockets, on loopback.</summary>
public sealed class ConnectionErrorTests : IAsyncLifetime
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _serving = [];

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    [Fact]
    public async Task A_name_that_does_not_resolve() =>
        await AssertFailsAsync("http://no-such-host.invalid/", SignalingErrors.UnknownHost, "'no-such-host.invalid'", "does not resolve");

    [Fact]
    public async Task A_connection_that_is_refused()
    {
        _listener.Start();
        int port = Port;
        _listener.Stop();
        await AssertFailsAsync($"http://127.0.0.1:{port}/", SignalingErrors.ConnectionRefused, $"http://127.0.0.1:{port}", "egoat serve");
    }

    [Fact]
    public async Task Plain_http_to_a_port_that_speaks_TLS()
    {
        Serve(SpeakTls(CreateCertificate(selfSigned: true)));
        await AssertFailsAsync($"http://127.0.0.1:{Port}/", SignalingErrors.NeedsHttps, "https://");
    }

    [Fact]
    public async Task TLS_to_a_port_that_speaks_plain_http()
    {
        Serve(Answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
        await AssertFailsAsync($"https://127.0.0.1:{Port}/", SignalingErrors.NoTls, "http://");
    }

    [Fact]
    public async Task A_self_signed_certificate_without_a_pin()
    {
        Serve(SpeakTls(CreateCertificate(selfSigned: true)));
        await AssertFailsAsync($"https://127.0.0.1:{Port}/", SignalingErrors.MissingPin, "#cert=", "whole URL");
    }

    [Fact]
    public async Task A_certificate_that_is_not_the_pinned_one()
    {
        Serve(SpeakTls(CreateCertificate(selfSigned: true)));
        using X509Certificate2 other = CreateCertificate(selfSigned: true);
        await AssertFailsAsync($"https://127.0.0.1:{Port}/#{CertificatePin.Format(other.RawData)}", SignalingErrors.WrongPin, "not the one that the URL pins");
    }

    [Fact]
    public async Task A_certificate_of_an_authority_that_is_not_trusted()
    {
        Serve(SpeakTls(CreateCertificate(selfSigned: false)));
        await AssertFailsAsync($"https://127.0.0.1:{Port}/", SignalingErrors.ForeignCertificate, "does not trust");
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed(int status)
    {
        using var elsewhere = new TcpListener(IPAddress.Loopback, 0);
        elsewhere.Start();
        Serve(Answer($"HTTP/1.1 {status} Elsewhere\r\nLocation: http://{elsewhere.LocalEndpoint}/signal\r\nContent-Length: 0\r\n\r\n"));
        await AssertFailsAsync($"http://127.0.0.1:{Port}/", SignalingErrors.Redirected, "not followed");
        Assert.False(elsewhere.Pending());
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]
    public async Task Something_else_that_speaks_http(string answer)
    {
        Serve(Answer(answer));
        await AssertFailsAsync($"http://127.0.0.1:{Port}/", SignalingErrors.NotAServer, "not an E-Goat signaling server");
    }

    [Theory]
    [InlineData("http://127.0.0.1:9/#cert=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "https://")]
    [InlineData("https://127.0.0.1:9/#cert=", "damaged")]
    [InlineData("https://127.0.0.1:9/#cert=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "damaged")]
    [InlineData("https://127.0.0.1:9/#cert=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "damaged")]
    [InlineData("https://127.0.0.1:9/#cert=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA*", "damaged")]
    [InlineData("https://127.0.0.1:9/#room=x&cert=AAAA", "damaged")]
    [InlineData("wss://127.0.0.1:9/", "http:// or https://")]
    public async Task A_URL_that_contradicts_itself_or_is_damaged(string url, string named) => await AssertFailsAsync(url, SignalingErrors.BadUrl, named);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await Task.WhenAll([.. _serving]).ContinueWith(_ => { }, TaskScheduler.Default);
        _end.Dispose();
    }

    private static async Task AssertFailsAsync(string url, string code, params string[] named)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        SignalingException e = await Assert.ThrowsAsync<SignalingException>(() => SignalingClient.ConnectAsync(
            new SignalingClientOptions { Server = new Uri(url), Room = "lobby", Peer = new string('a', 26), ConnectTimeout = TimeSpan.FromSeconds(50) }, limit.Token));
        Assert.Equal(code, e.Code);
        Assert.All(named, n => Assert.Contains(n, e.Message, StringComparison.Ordinal));
    }

    private static X509Certificate2 CreateCertificate(bool selfSigned)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=goat", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (selfSigned)
        {
            using X509Certificate2 own = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
            return X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pfx), null);
        }

        using ECDsa authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 issuer = authority.CreateSelfSigned(now.AddDays(-2), now.AddDays(2));
        using X509Certificate2 issued = request.Create(issuer, now.AddDays(-1), now.AddDays(1), [1, 2, 3]);
        using X509Certificate2 withKey = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null);
    }

    private static Func<NetworkStream, CancellationToken, Task> Answer(string answer) => async (stream, cancelled) =>
    {
        var buffer = new byte[4096];
        _ = await stream.ReadAsync(buffer, cancelled);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), cancelled);
        _ = await stream.ReadAsync(buffer, cancelled);
    };

    private static Func<NetworkStream, CancellationToken, Task> SpeakTls(X509Certificate2 certificate) => async (stream, cancelled) =>
    {
        using var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, cancelled);
        _ = await tls.ReadAsync(new byte[1], cancelled);
    };

    private void Serve(Func<NetworkStream, CancellationToken, Task> serve)
    {
        _listener.Start();
        _serving.Add(AcceptAsync());

        async Task AcceptAsync()
        {
            while (true)
            {
                _serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }

        async Task ServeAsync(TcpClient accepted)
        {
            using TcpClient client = accepted;
            try
            {
                await serve(client.GetStream(), _end.Token);
            }
            catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
            {
                // The client has seen enough.
            }
        }
    }
}
