using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Threading.Channels;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Sockets.Tests;

/// <summary>Which addresses a host has, and servers that come and go; the test is the server.</summary>
public sealed class CandidateGatheringTests : IDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(30));
    private readonly DtlsCertificate _certificate = DtlsCertificate.Create();

    public void Dispose()
    {
        _certificate.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public async Task Only_interfaces_that_the_filter_allows_have_candidates()
    {
        await using RtcHost host = RtcHost.Open(new RtcHostOptions
        {
            Certificate = _certificate,
            IncludeLoopback = true,
            InterfaceFilter = n => n.NetworkInterfaceType == NetworkInterfaceType.Loopback,
        });
        Assert.NotEmpty(host.LocalCandidates);
        Assert.All(host.LocalCandidates, c => Assert.True(c.Address.IsLoopback, c.ToString()));
        Assert.Throws<RtcException>(() => RtcHost.Open(new RtcHostOptions { Certificate = _certificate, IncludeLoopback = true, InterfaceFilter = _ => false }));
    }

    [Fact]
    public async Task A_stream_that_has_ended_is_opened_anew_even_when_the_server_is_away_for_a_while()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using RtcHost host = Open();
        var warnings = Channel.CreateUnbounded<string>();
        host.Warning += text => warnings.Writer.TryWrite(text);
        host.AddIceServers([Server(port)]);
        Socket connection = await AcceptAllocateAsync(listener);
        listener.Dispose();
        connection.Dispose();
        Assert.Equal($"The connection to the TURN server has ended. (127.0.0.1:{port})", await warnings.Reader.ReadAsync(_limit.Token));
        Assert.StartsWith($"The server turn:127.0.0.1:{port}?transport=tcp gives no candidates: ", await warnings.Reader.ReadAsync(_limit.Token), StringComparison.Ordinal);

        var again = new TcpListener(IPAddress.Loopback, port);
        again.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        again.Start();
        using Socket reopened = await AcceptAllocateAsync(again);
        again.Dispose();
        Assert.False(warnings.Reader.TryRead(out string? repeated), repeated); // a failure is told once, however often it is tried
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_at_first_is_used_when_it_is_there()
    {
        var reserved = new TcpListener(IPAddress.Loopback, 0);
        reserved.Start();
        int port = ((IPEndPoint)reserved.LocalEndpoint).Port;
        reserved.Dispose();
        await using RtcHost host = Open();
        var warned = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Warning += text => warned.TrySetResult(text);
        host.AddIceServers([Server(port)]);
        Assert.Contains("gives no candidates", await warned.Task.WaitAsync(_limit.Token), StringComparison.Ordinal);
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        using Socket connection = await AcceptAllocateAsync(listener);
        listener.Dispose();
    }

    // A server whose name means an address where nobody listens, and another where somebody does.
    [Fact]
    public async Task The_next_address_of_a_server_is_tried_when_the_first_refuses()
    {
        IPAddress[] found = await Dns.GetHostAddressesAsync("localhost", _limit.Token);
        IPAddress last = found.DistinctBy(a => a.AddressFamily).Last();
        var listener = new TcpListener(last, 0);
        listener.Start();
        await using RtcHost host = Open();
        host.AddIceServers([Server(((IPEndPoint)listener.LocalEndpoint).Port) with { Host = "localhost" }]);
        using Socket connection = await AcceptAllocateAsync(listener);
        listener.Dispose();
    }

    private static IceServer Server(int port) => new() { IsTurn = true, Host = "127.0.0.1", Port = port, Transport = IceServerTransport.Tcp, Username = "goat", Credential = "cheese" };

    private RtcHost Open() => RtcHost.Open(new RtcHostOptions { Certificate = _certificate, IncludeLoopback = true, ServerRetryInterval = TimeSpan.FromMilliseconds(50) });

    private async Task<Socket> AcceptAllocateAsync(TcpListener listener)
    {
        Socket connection = await listener.AcceptSocketAsync(_limit.Token);
        byte[] header = new byte[2];
        Assert.Equal(2, await connection.ReceiveAsync(header, _limit.Token));
        Assert.Equal([0, 3], header); // Allocate
        return connection;
    }
}
