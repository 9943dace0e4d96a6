using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using EGoat.Signaling;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EGoat.Web;

/// <summary>
/// The embedded server: the signaling hub at <c>/signal</c>, the page at <c>/</c>, the REST API under <c>/api/</c>. Plain http
/// on loopback, which browsers take for secure; https with a pinned self-signed certificate elsewhere.
/// </summary>
public sealed class SignalingServer : EGoatSignaling, IAsyncDisposable
{
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromMilliseconds(500);

    private readonly SignalingServerOptions _options;
    private readonly WebApplication _application;
    private readonly SignalingHub _hub;
    private readonly X509Certificate2? _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Uri _url = null!;

    private SignalingServer(SignalingServerOptions options, WebApplication application, SignalingHub hub, X509Certificate2? certificate, string token)
    {
        _options = options;
        _application = application;
        _hub = hub;
        _certificate = certificate;
        Token = token;
    }

    /// <inheritdoc/>
    public override Uri Url => _url;

    /// <inheritdoc/>
    public override string Page => $"{Url.GetLeftPart(UriPartial.Authority)}/#t={Token}";

    /// <summary>The bearer token of the REST API; the same after a restart when there is a data folder.</summary>
    public string Token { get; }

    /// <inheritdoc/>
    public override int Rooms => _hub.Rooms.Count;

    /// <inheritdoc/>
    public override int Peers => _hub.Rooms.Sum(r => r.Members);

    /// <inheritdoc/>
    public override bool IsRunning => !_stopped.Task.IsCompleted;

    /// <summary>Completes when the server has stopped.</summary>
    public Task Stopped => _stopped.Task;

    /// <summary>Starts a server.</summary>
    /// <param name="options">Where it listens.</param>
    /// <param name="store">The history that the REST API serves; null for none.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="SignalingServerException">The address is taken or not this machine's, or the certificate cannot be kept.</exception>
    public static async Task<SignalingServer> StartAsync(SignalingServerOptions options, IRoomStore? store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        bool isSecure = !IPAddress.IsLoopback(options.Listen.Address) && !options.InsecureHttp;
        if (isSecure && options.DataFolder is null)
        {
            throw new SignalingServerException("A server off loopback needs a folder for its TLS certificate.");
        }

        X509Certificate2? certificate = isSecure ? ServerCertificate.LoadOrCreate(options.DataFolder!, options.Listen.Address) : null;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = ShutdownTimeout);
        if (isSecure)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
            kestrel.Listen(options.Listen, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (certificate is not null)
                {
                    listen.UseHttps(certificate);
                }
            });
        });

        string token = PageToken.LoadOrCreate(options.DataFolder);
        var hub = new SignalingHub(options.Hub);
        WebApplication application = builder.Build();
        var server = new SignalingServer(options, application, hub, certificate, token);
        server.Map(new RestApi(hub, store, options.Version));
        try
        {
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw new SignalingServerException($"Cannot listen on {options.Listen}: {Explain(e)} Choose another address or port, or port 0 for a free one.", e);
        }

        server._url = server.FindUrl(options.Listen, certificate);
        return server;
    }

    /// <summary>Stops within a second, open sockets or not.</summary>
    public async Task StopAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            await _application.StopAsync(CancellationToken.None).ConfigureAwait(false);
            _stopped.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        _certificate?.Dispose();
        _stop.Dispose();
    }

    private static string Explain(Exception e) => (e as SocketException ?? e.GetBaseException() as SocketException)?.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "the port is taken.",
        SocketError.AddressNotAvailable => "the address is not one of this machine.",
        SocketError.AccessDenied => "this user may not use that port.",
        _ => e.Message.Contains("in use", StringComparison.OrdinalIgnoreCase) ? "the port is taken." : e.Message,
    };

    private void Map(RestApi rest)
    {
        var rules = new HttpRules(Token);
        _application.UseWebSockets();
        _application.Run(async context =>
        {
            HttpRules.AddHeaders(context.Response);
            if (!HttpRules.IsHostAllowed(context.Request) || !HttpRules.IsOriginAllowed(context.Request))
            {
                await RestApi.RefuseAsync(context, StatusCodes.Status403Forbidden, "The Host or Origin of the request is not this server.").ConfigureAwait(false);
            }
            else if (context.Request.Path == "/signal")
            {
                await SignalAsync(context).ConfigureAwait(false);
            }
            else if (context.Request.Path.StartsWithSegments("/api"))
            {
                await (rules.IsAuthorized(context.Request)
                    ? rest.HandleAsync(context)
                    : RestApi.RefuseAsync(context, StatusCodes.Status401Unauthorized, "The request lacks the token that 'egoat serve' printed.")).ConfigureAwait(false);
            }
            else if ((!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method)) || !await StaticPage.TryServeAsync(context).ConfigureAwait(false))
            {
                await RestApi.RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such page.").ConfigureAwait(false);
            }
        });
    }

    private async Task SignalAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await RestApi.RefuseAsync(context, StatusCodes.Status400BadRequest, "This is where WebSockets connect.").ConfigureAwait(false);
            return;
        }

        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = _options.KeepAliveInterval, KeepAliveTimeout = _options.KeepAliveTimeout }).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, context.RequestAborted);
        await _hub.RunAsync(new WebSocketMessageSocket(socket), context.Connection.RemoteIpAddress?.ToString() ?? "", stop.Token).ConfigureAwait(false);
    }

    private Uri FindUrl(IPEndPoint listen, X509Certificate2? certificate)
    {
        string bound = _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        int port = new Uri(bound.Replace("[::]", "localhost", StringComparison.Ordinal).Replace("0.0.0.0", "localhost", StringComparison.Ordinal)).Port;
        bool isAny = listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any);
        string host = isAny ? Dns.GetHostName() : listen.Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{listen.Address}]" : listen.Address.ToString();
        return certificate is null
            ? new Uri($"http://{host}:{port}/")
            : new Uri($"https://{host}:{port}/#{CertificatePin.Format(certificate.RawData)}");
    }

    /// <summary>Leaves signals of the operating system to the program around it.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
