using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Threading.Channels;

namespace EGoat.Signaling;

/// <summary>
/// Keeps a member joined: connects, joins, and after every loss tries again with growing pauses until it is disposed of or
/// refused. Events come in order.
/// </summary>
public sealed class SignalingClient : IAsyncDisposable
{
    private const int MaxQueuedEvents = 1024;

    /// <summary>The characters of a server's reason that are shown.</summary>
    private const int MaxMessageLength = 300;

    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(200);

    private readonly SignalingClientOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<SignalingEvent> _events = Channel.CreateBounded<SignalingEvent>(MaxQueuedEvents);
    private readonly SemaphoreSlim _sending = new(1);
    private volatile IMessageSocket? _socket;
    private string? _ticket;
    private Task _running = Task.CompletedTask;

    private SignalingClient(SignalingClientOptions options) => _options = options;

    /// <summary>What happens, in order; completes when nothing more can.</summary>
    public ChannelReader<SignalingEvent> Events => _events.Reader;

    /// <summary>Whether the server is connected now.</summary>
    public bool IsConnected => _socket is not null;

    /// <summary>Joins. The first <see cref="SignalingJoined"/> waits in <see cref="Events"/>.</summary>
    /// <exception cref="SignalingException">The server cannot be reached or refuses.</exception>
    public static async Task<SignalingClient> ConnectAsync(SignalingClientOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Server is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            throw new SignalingException($"'{Display(options.Server)}' is not a signaling URL: it begins with http:// or https://.");
        }

        var client = new SignalingClient(options);
        try
        {
            (ClientWebSocket socket, SignalingMessage joined) = await client.JoinAsync(cancellationToken).ConfigureAwait(false);
            client._running = client.RunAsync(socket, joined);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Says something to a member. False while the server is out of reach.</summary>
    public async ValueTask<bool> SendAsync(string to, string data, CancellationToken cancellationToken)
    {
        if (_socket is not { } socket)
        {
            return false;
        }

        string message = new SignalingMessage { Type = "signal", To = to, Data = data }.Format();
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await socket.SendAsync(message, cancellationToken).ConfigureAwait(false);
            return true;
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Leaves the room.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        if (_socket is { } socket)
        {
            await socket.CloseAsync("leaving").ConfigureAwait(false);
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _events.Writer.TryComplete();
        _stop.Dispose();
        _sending.Dispose();
    }

    private async Task RunAsync(ClientWebSocket socket, SignalingMessage joined)
    {
        bool isRejoin = false;
        try
        {
            while (true)
            {
                using (socket)
                {
                    var messages = new WebSocketMessageSocket(socket);
                    _socket = messages;
                    await _events.Writer.WriteAsync(new SignalingJoined(joined.Peers ?? [], joined.IceServers ?? [], isRejoin), _stop.Token).ConfigureAwait(false);
                    await ReadAsync(messages).ConfigureAwait(false);
                    _socket = null;
                }

                await _events.Writer.WriteAsync(new SignalingLost("The signaling server has closed the connection."), _stop.Token).ConfigureAwait(false);
                if (await RejoinAsync().ConfigureAwait(false) is not { } again)
                {
                    return;
                }

                (socket, joined) = again;
                isRejoin = true;
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed of.
        }
        finally
        {
            _socket = null;
            socket.Dispose();
            _events.Writer.TryComplete();
        }
    }

    private async Task<(ClientWebSocket Socket, SignalingMessage Joined)?> RejoinAsync()
    {
        TimeSpan pause = FirstBackOff;
        while (true)
        {
            // Half of the pause is random, so that the members of a room do not all come back at once.
            await Task.Delay(pause * (0.5 + (0.5 * Random.Shared.NextDouble())), _stop.Token).ConfigureAwait(false);
            pause = pause * 2 < _options.MaxBackOff ? pause * 2 : _options.MaxBackOff;
            try
            {
                return await JoinAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (SignalingException e) when (e.Data["code"] is "unsupported-version" or "bad-room" or "bad-peer")
            {
                await _events.Writer.WriteAsync(new SignalingRefused((string)e.Data["code"]!, e.Message), _stop.Token).ConfigureAwait(false);
                return null;
            }
            catch (SignalingException)
            {
                // Still away, or full: try again.
            }
        }
    }

    private async Task ReadAsync(WebSocketMessageSocket socket)
    {
        while (await socket.ReceiveAsync(_stop.Token).ConfigureAwait(false) is { } text)
        {
            SignalingEvent? e = SignalingMessage.Parse(text) switch
            {
                { Type: "peer-joined", Peer: { } peer } => new SignalingPeerJoined(peer),
                { Type: "peer-left", Peer: { } peer } => new SignalingPeerLeft(peer),
                { Type: "signal", From: { } from, Data: { } data } => new SignalingReceived(from, data),
                _ => null,
            };
            if (e is not null)
            {
                await _events.Writer.WriteAsync(e, _stop.Token).ConfigureAwait(false);
            }
        }
    }

    private async Task<(ClientWebSocket Socket, SignalingMessage Joined)> JoinAsync(CancellationToken cancellationToken)
    {
        Uri server = _options.Server;
        var url = new UriBuilder(server) { Scheme = server.Scheme == "https" ? "wss" : "ws", Path = "/signal", Fragment = "", Query = "" };
        var socket = new ClientWebSocket();
        bool isWrongCertificate = false;
        if (CertificatePin.FromUrl(server) is { } pin)
        {
            socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => !(isWrongCertificate = certificate is null || !CryptographicOperations.FixedTimeEquals(SHA256.HashData(certificate.GetRawCertData()), pin));
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        limit.CancelAfter(_options.ConnectTimeout);
        try
        {
            socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(15);
            socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(15);
            await socket.ConnectAsync(url.Uri, limit.Token).ConfigureAwait(false);
            var messages = new WebSocketMessageSocket(socket);
            await messages.SendAsync(new SignalingMessage { Type = "join", V = SignalingLimits.Version, Room = _options.Room, Peer = _options.Peer, Ticket = _ticket }.Format(), limit.Token).ConfigureAwait(false);
            SignalingMessage? answer = await messages.ReceiveAsync(limit.Token).ConfigureAwait(false) is { } text ? SignalingMessage.Parse(text) : null;
            if (answer is { Type: "joined" })
            {
                _ticket = answer.Ticket;
                return (socket, answer);
            }

            var refusal = new SignalingException(answer is { Type: "error" }
                ? $"The signaling server {Display(server)} refuses: {DisplayMessage(answer.Message)}"
                : $"What answers at {Display(server)} is not an E-Goat signaling server.");
            refusal.Data["code"] = answer?.Code ?? "bad-message";
            throw refusal;
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or InvalidOperationException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            _stop.Token.ThrowIfCancellationRequested();
            throw new SignalingException(
                isWrongCertificate
                    ? $"The certificate of {Display(server)} is not the one that the URL pins (#cert=). Use the URL that 'egoat serve' prints."
                    : $"The signaling server {Display(server)} cannot be reached. Is 'egoat serve' running there, and the URL right?",
                e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A server's URL without its user and fragment, which may be secrets.</summary>
    internal static string Display(Uri server) => server.IsAbsoluteUri ? server.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) : server.OriginalString.Split('#')[0];

    private static string DisplayMessage(string? message) => message is { Length: > MaxMessageLength } ? $"{message[..MaxMessageLength]}…" : message ?? "";
}
