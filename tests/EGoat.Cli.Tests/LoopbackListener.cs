using System.Net;
using System.Net.Sockets;

namespace EGoat.Cli.Tests;

/// <summary>A port of loopback whose clients are handled beside each other until it is disposed of.</summary>
internal sealed class LoopbackListener : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<TcpClient, Task> _handle;

    /// <param name="handle">Handles a client, which is disposed of afterwards.</param>
    public LoopbackListener(Func<TcpClient, Task> handle)
    {
        _handle = handle;
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Its address and port.</summary>
    public string Authority => _listener.LocalEndpoint.ToString()!;

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return; // The test is over.
            }

            _ = HandleAsync(client);
        }
    }

    private async Task HandleAsync(TcpClient client)
    {
        using (client)
        {
            await _handle(client);
        }
    }
}
