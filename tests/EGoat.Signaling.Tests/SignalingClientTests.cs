using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace EGoat.Signaling.Tests;

/// <summary>What a client says of servers that refuse, or cannot be one: the server's reason, cut, and no secret.</summary>
public sealed class SignalingClientTests
{
    private const string Secret = "not-to-be-shown";

    [Fact]
    public async Task The_reason_of_a_server_is_told_as_it_came()
    {
        SignalingException e = await RefuseAsync("\u001b]52;c;eA==\u0007no\r\nPS> \u202e 🐐");
        Assert.EndsWith(" refuses: \u001b]52;c;eA==\u0007no\r\nPS> \u202e 🐐", e.Message, StringComparison.Ordinal);
        Assert.Equal("room-full", e.Code);
    }

    [Fact]
    public async Task A_reason_of_great_length_is_cut() => Assert.InRange((await RefuseAsync(new string('a', 60_000))).Message.Length, 300, 400);

    [Theory]
    [InlineData($"ftp://ada:{Secret}@localhost/#room=lobby&k={Secret}")]
    [InlineData($"localhost:4747/#k={Secret}&cert={Secret}")]
    [InlineData($"lobby#k={Secret}")]
    public async Task A_URL_that_is_none_of_a_server_is_named_without_its_secrets(string url)
    {
        SignalingException e = await ConnectAsync(new Uri(url, UriKind.RelativeOrAbsolute));
        Assert.Contains("is not a signaling URL", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_away_is_named_without_the_secrets_of_its_URL()
    {
        // A port that was free a moment ago; whoever has taken it since is no signaling server either.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        SignalingException e = await ConnectAsync(new Uri($"http://ada:{Secret}@127.0.0.1:{port}/?{Secret}#k={Secret}"));
        Assert.Contains($"http://127.0.0.1:{port} ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
    }

    private static async Task<SignalingException> ConnectAsync(Uri server)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await Assert.ThrowsAsync<SignalingException>(() => SignalingClient.ConnectAsync(
            new SignalingClientOptions { Server = server, Room = "lobby", Peer = "aaaaaaaaaaaaaaaaaaaaaaaaaa" }, limit.Token));
    }

    // A server that answers every join with an error.
    private static async Task<SignalingException> RefuseAsync(string reason)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = ServeAsync();
        SignalingException e = await ConnectAsync(new Uri($"http://{listener.LocalEndpoint}"));
        await serving;
        return e;

        async Task ServeAsync()
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            NetworkStream stream = client.GetStream();
            string key = "";
            using (var request = new StreamReader(stream, Encoding.ASCII, false, 1024, leaveOpen: true))
            {
                while (await request.ReadLineAsync() is { Length: > 0 } line)
                {
                    key = line.StartsWith("Sec-WebSocket-Key: ", StringComparison.OrdinalIgnoreCase) ? line["Sec-WebSocket-Key: ".Length..] : key;
                }
            }

#pragma warning disable CA5350 // RFC 6455 section 4.2.2 wants SHA-1
            string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes($"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
            using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
            await socket.ReceiveAsync(new byte[1024], default);
            string error = new JsonObject { ["type"] = "error", ["code"] = "room-full", ["message"] = reason }.ToJsonString();
            await socket.SendAsync(Encoding.UTF8.GetBytes(error), WebSocketMessageType.Text, true, default);
            await socket.ReceiveAsync(new byte[1024], default).ContinueWith(_ => { }, TaskScheduler.Default); // until the client has gone
        }
    }
}
