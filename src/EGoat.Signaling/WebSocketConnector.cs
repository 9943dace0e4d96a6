using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EGoat.Signaling;

/// <summary>
/// Connects WebSockets to signaling servers, and tells why it does not work. A handler of its own: redirects are not followed, a
/// pin replaces the system's trust, and the address that a socket stands on is known.
/// </summary>
internal sealed class WebSocketConnector : ISignalingConnector
{
    /// <summary>The path of the hub, after the path of the server's URL.</summary>
    private const string SignalPath = "/signal";

    /// <summary>The time for a handshake that only tells whether there is TLS; of the system's clock, as all of the network is.</summary>
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    private WebSocketConnector()
    {
    }

    public static WebSocketConnector Instance { get; } = new();

    public async Task<ISignalingConnection> ConnectAsync(Uri server, CancellationToken cancellationToken)
    {
        byte[]? pin = CheckUrl(server);
        string? certificateError = null;
        IPAddress? localAddress = null;
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        handler.ConnectCallback = async (context, cancelled) =>
        {
            var tcp = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await tcp.ConnectAsync(context.DnsEndPoint, cancelled).ConfigureAwait(false);
                localAddress = ((IPEndPoint)tcp.LocalEndPoint!).Address;
                return new NetworkStream(tcp, ownsSocket: true);
            }
            catch
            {
                tcp.Dispose();
                throw;
            }
        };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) => (certificateError = FindCertificateError(certificate, errors, pin)) is null;
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.Zero; // The client asks by a message of its own, see SignalingClient.
        socket.Options.CollectHttpResponseDetails = true;
        try
        {
            await socket.ConnectAsync(ToSocketUrl(server), invoker, cancellationToken).ConfigureAwait(false);
            return new Connection(socket, localAddress);
        }
        catch (Exception e) when (e is WebSocketException or HttpRequestException or IOException or InvalidOperationException)
        {
            HttpStatusCode status = socket.HttpStatusCode;
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            string code = certificateError ?? await FindCodeAsync(server, e, status, cancellationToken).ConfigureAwait(false);
            throw new SignalingException(code, Explain(code, server), e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // The hub stands below whatever path a proxy puts before the server.
    internal static Uri ToSocketUrl(Uri server) =>
        new UriBuilder(server) { Scheme = server.Scheme == "https" ? "wss" : "ws", Path = server.AbsolutePath.TrimEnd('/') + SignalPath, Fragment = "", Query = "", UserName = "", Password = "" }.Uri;

    // The pin; null without one.
    private static byte[]? CheckUrl(Uri server)
    {
        if (server is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            throw new SignalingException(SignalingErrors.BadUrl, $"'{SignalingClient.Display(server)}' is not a signaling URL: it begins with http:// or https://.", null);
        }

        byte[]? pin = CertificatePin.FromUrl(server);
        return pin is null || server.Scheme == "https"
            ? pin
            : throw new SignalingException(SignalingErrors.BadUrl, $"The URL of {SignalingClient.Display(server)} pins a certificate (#cert=), which http:// does not have: it begins with https://.", null);
    }

    // The code of what is wrong with a certificate, or null.
    private static string? FindCertificateError(X509Certificate? certificate, SslPolicyErrors errors, byte[]? pin)
    {
        if (pin is not null)
        {
            return certificate is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(certificate.GetRawCertData()), pin) ? null : SignalingErrors.WrongPin;
        }

        return errors == SslPolicyErrors.None ? null
            : certificate is not null && certificate.Subject == certificate.Issuer ? SignalingErrors.MissingPin
            : SignalingErrors.ForeignCertificate;
    }

    private static async Task<string> FindCodeAsync(Uri server, Exception e, HttpStatusCode status, CancellationToken cancellationToken)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData or SocketError.NoRecovery }:
                    return SignalingErrors.UnknownHost;
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return SignalingErrors.ConnectionRefused;
                case SocketException { SocketErrorCode: SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.TimedOut or SocketError.NetworkDown or SocketError.HostDown }:
                    return SignalingErrors.Unreachable;
                case AuthenticationException:
                    return SignalingErrors.NoTls;
                case HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }:
                    return SignalingErrors.NoTls;
                default:
                    break;
            }
        }

        return (int)status is >= 300 and < 400 ? SignalingErrors.Redirected
            : server.Scheme == "http" && (status is 0 or HttpStatusCode.BadRequest) && await SpeaksTlsAsync(server, cancellationToken).ConfigureAwait(false) ? SignalingErrors.NeedsHttps
            : status != 0 || e is WebSocketException { InnerException: null } ? SignalingErrors.NotAServer
            : SignalingErrors.Unreachable;
    }

    // Servers answer plain http at a TLS port in many ways, and some not at all: a handshake tells.
    private static async Task<bool> SpeaksTlsAsync(Uri server, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ProbeTimeout);
        try
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(server.IdnHost.Trim('[', ']'), server.Port, limit.Token).ConfigureAwait(false);
#pragma warning disable CA5359 // Nothing is said over it: it is closed at once.
            using var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = server.IdnHost }, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }

    internal static string Explain(string code, Uri server)
    {
        string name = SignalingClient.Display(server);
        return code switch
        {
            SignalingErrors.UnknownHost => $"The name '{server.Host}' of the signaling server does not resolve. Check its spelling, or use the server's IP address.",
            SignalingErrors.ConnectionRefused => $"The signaling server {name} cannot be reached. Nothing listens there: start 'egoat serve', or check the port.",
            SignalingErrors.NeedsHttps => $"The signaling server {name} speaks TLS: its URL begins with https://. Use the whole URL that 'egoat serve' prints.",
            SignalingErrors.NoTls => $"What listens at {name} does not speak TLS. Does its URL begin with http://?",
            SignalingErrors.MissingPin => $"The certificate of {name} is self-signed, and the URL has no #cert= that pins it. Use the whole URL that 'egoat serve' prints.",
            SignalingErrors.WrongPin => $"The certificate of {name} is not the one that the URL pins (#cert=). Use the URL that 'egoat serve' prints now; if nothing has changed there, somebody stands in between.",
            SignalingErrors.ForeignCertificate => $"This machine does not trust the certificate of {name}, or it is for another name or time. Check the name in the URL, and the machine's clock.",
            SignalingErrors.Redirected => $"What answers at {name} sends elsewhere, which is not followed. Use the URL of the signaling server itself.",
            SignalingErrors.NotAServer => $"What answers at {name} is not an E-Goat signaling server. Check the port and the path of its URL.",
            _ => $"The signaling server {name} cannot be reached. Is 'egoat serve' running there, and the URL right?",
        };
    }

    private sealed class Connection(ClientWebSocket socket, IPAddress? localAddress) : ISignalingConnection
    {
        private readonly WebSocketMessageSocket _messages = new(socket);

        public bool HasLostAddress => localAddress is not null && LocalAddress.IsGone(localAddress);

        public ValueTask<string?> ReceiveAsync(CancellationToken cancellationToken) => _messages.ReceiveAsync(cancellationToken);

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => _messages.SendAsync(message, cancellationToken);

        public ValueTask CloseAsync(string reason) => _messages.CloseAsync(reason);

        public void Dispose() => socket.Dispose();
    }
}
