using System.Net;
using System.Net.WebSockets;
using System.Text;

namespace EGoat.Mesh.Tests.Hostile;

/// <summary>A signaling server that alters what it likes: it stands before an honest one and passes its frames on, changed.</summary>
internal sealed class HostileServer : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Uri _honest;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _seen = [];
    private readonly Task _running;

    public HostileServer(Uri honest)
    {
        _honest = honest;
        int port = FreePort();
        Url = new Uri($"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Url.AbsoluteUri);
        _listener.Start();
        _running = RunAsync();
    }

    public Uri Url { get; }

    /// <summary>What becomes of a frame for a member: none, one or several.</summary>
    public Func<string, IEnumerable<string>> Alter { get; set; } = frame => [frame];

    /// <summary>All frames that came by, in both directions.</summary>
    public IReadOnlyList<string> Seen
    {
        get
        {
            lock (_seen)
            {
                return [.. _seen];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Close();
        await _running;
        _stop.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task RunAsync()
    {
        var members = new List<Task>();
        try
        {
            while (true)
            {
                members.Add(ServeAsync(await _listener.GetContextAsync()));
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
        }

        await Task.WhenAll(members);
    }

    private async Task ServeAsync(HttpListenerContext context)
    {
        using WebSocket member = (await context.AcceptWebSocketAsync(null)).WebSocket;
        using var server = new ClientWebSocket();
        try
        {
            await server.ConnectAsync(new UriBuilder(_honest) { Scheme = "ws", Path = "/signal" }.Uri, _stop.Token);
            await Task.WhenAny(PumpAsync(member, server, frame => [frame]), PumpAsync(server, member, frame => Alter(frame)));
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
        }

        member.Abort();
        server.Abort();
    }

    private async Task PumpAsync(WebSocket from, WebSocket to, Func<string, IEnumerable<string>> alter)
    {
        var buffer = new byte[128 * 1024];
        try
        {
            while (true)
            {
                int length = 0;
                ValueWebSocketReceiveResult read;
                do
                {
                    read = await from.ReceiveAsync(buffer.AsMemory(length), _stop.Token);
                    length += read.Count;
                }
                while (!read.EndOfMessage);
                if (read.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                string frame = Encoding.UTF8.GetString(buffer, 0, length);
                lock (_seen)
                {
                    _seen.Add(frame);
                }

                foreach (string altered in alter(frame))
                {
                    await to.SendAsync(Encoding.UTF8.GetBytes(altered), WebSocketMessageType.Text, true, _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
