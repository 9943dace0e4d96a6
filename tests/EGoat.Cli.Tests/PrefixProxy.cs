using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EGoat.Cli.Tests;

/// <summary>A proxy on loopback that shows a server below a path prefix: what is asked for elsewhere is not there.</summary>
internal sealed class PrefixProxy : IDisposable
{
    private readonly LoopbackListener _listener;
    private readonly string _prefix;
    private readonly Uri _server;

    public PrefixProxy(string prefix, Uri server)
    {
        (_prefix, _server) = (prefix, server);
        _listener = new LoopbackListener(RelayAsync);
    }

    /// <summary>The server's URL behind the proxy.</summary>
    public string Url => $"http://{_listener.Authority}{_prefix}";

    public void Dispose() => _listener.Dispose();

    private async Task RelayAsync(TcpClient client)
    {
        try
        {
            NetworkStream from = client.GetStream();
            var head = new StringBuilder();
            var one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await from.ReadAsync(one) == 1)
            {
                head.Append((char)one[0]);
            }

            string start = $"GET {_prefix}/";
            if (!head.ToString().StartsWith(start, StringComparison.Ordinal))
            {
                await from.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                return;
            }

            using var server = new TcpClient();
            await server.ConnectAsync(IPAddress.Loopback, _server.Port);
            NetworkStream to = server.GetStream();
            await to.WriteAsync(Encoding.ASCII.GetBytes($"GET /{head.ToString()[start.Length..]}"));
            await Task.WhenAny(from.CopyToAsync(to), to.CopyToAsync(from));
        }
        catch (IOException)
        {
            // Either side has gone.
        }
    }
}
