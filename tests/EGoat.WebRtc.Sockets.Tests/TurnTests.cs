using System.Security.Cryptography;
using System.Threading.Channels;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Sockets.Tests;

/// <summary>STUN and TURN against coturn, on loopback.</summary>
public sealed class TurnTests : IDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));
    private readonly DtlsCertificate _certificate = DtlsCertificate.Create();

    public void Dispose()
    {
        _certificate.Dispose();
        _limit.Dispose();
    }

    [ProgramTheory(TurnServer.Program)]
    [InlineData(IceServerTransport.Udp, IceServerTransport.Udp)]
    [InlineData(IceServerTransport.Tcp, IceServerTransport.Udp)]
    [InlineData(IceServerTransport.Tls, IceServerTransport.Tcp)]
    public async Task Data_goes_from_relay_to_relay(IceServerTransport offering, IceServerTransport answering)
    {
        using TurnServer server = TurnServer.Start();
        await using RtcHost a = Open(server, offering);
        await using RtcHost z = Open(server, answering);
        (Member first, Member second) = await ConnectAsync(a, z);
        Assert.Equal(server.Address, first.Connection.RemoteAddress!.Value.Address.ToString());
        await SendAndCompareAsync(first, second, 3 * 1024 * 1024);
    }

    [ProgramFact(TurnServer.Program)]
    public async Task A_relayed_peer_and_a_direct_one_reach_each_other()
    {
        using TurnServer server = TurnServer.Start();
        await using RtcHost a = Open(server, IceServerTransport.Udp);
        await using RtcHost z = RtcHost.Open(new RtcHostOptions { Certificate = _certificate, IncludeLoopback = true, IncludeIPv6 = false });
        (Member first, Member second) = await ConnectAsync(a, z);
        await SendAndCompareAsync(first, second, 1024 * 1024);
        await SendAndCompareAsync(second, first, 1024 * 1024);
    }

    [ProgramFact(TurnServer.Program)]
    public async Task A_nonce_that_expires_is_renewed()
    {
        using TurnServer server = TurnServer.Start(options: ["--stale-nonce=1", "--max-allocate-lifetime=4"]);
        await using RtcHost a = Open(server, IceServerTransport.Udp);
        await FirstRelayAsync(a);
        server.WaitForLog("refreshed");
        await using RtcHost z = Open(server, IceServerTransport.Udp);
        (Member first, Member second) = await ConnectAsync(a, z);
        await SendAndCompareAsync(first, second, 100_000);
        Assert.Contains("Stale nonce", server.Log, StringComparison.OrdinalIgnoreCase);
    }

    [ProgramFact(TurnServer.Program)]
    public async Task A_wrong_password_and_a_server_that_is_not_there_are_told_and_nothing_more()
    {
        using TurnServer server = TurnServer.Start();
        await using RtcHost host = RtcHost.Open(new RtcHostOptions { Certificate = _certificate, IncludeLoopback = true });
        var refused = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Warning += text => refused.TrySetResult(text);
        host.AddIceServers([Server(server, IceServerTransport.Udp) with { Credential = "milk" }]);
        Assert.Contains("The TURN server refuses the user name or password.", await refused.Task.WaitAsync(_limit.Token), StringComparison.Ordinal);
        var absent = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Warning += text => absent.TrySetResult(text);
        host.AddIceServers([Server(server, IceServerTransport.Tcp) with { Port = 9 }]);
        Assert.Contains("gives no candidates", await absent.Task.WaitAsync(_limit.Token), StringComparison.Ordinal);
        Assert.DoesNotContain(host.LocalCandidates, c => c.Type == IceCandidateType.Relayed);
    }

    private static IceServer Server(TurnServer server, IceServerTransport transport) => new()
    {
        IsTurn = true,
        Host = server.Address,
        Port = transport == IceServerTransport.Tls ? server.TlsPort : server.Port,
        Transport = transport,
        Username = TurnServer.Username,
        Credential = TurnServer.Password,
    };

    private RtcHost Open(TurnServer server, IceServerTransport transport) => RtcHost.Open(new RtcHostOptions
    {
        Certificate = _certificate,
        IncludeLoopback = true,
        IncludeIPv6 = false,
        RelayOnly = true,
        IceServers = [Server(server, transport)],
        ValidateServerCertificate = (_, certificate, _, _) => certificate?.Subject == $"CN={server.Address}",
    });

    // The offer may come before the relays are there: the candidates then follow it.
    private async Task<(Member First, Member Second)> ConnectAsync(RtcHost a, RtcHost z)
    {
        var first = new Member(a.CreateConnection());
        var second = new Member(z.CreateConnection());
        first.Connection.CreateDataChannel("data");
        first.Connection.AcceptAnswer(second.Connection.AcceptOffer(first.Connection.CreateOffer()));
        _ = first.RunAsync(second);
        _ = second.RunAsync(first);
        await first.Connection.Connected.WaitAsync(_limit.Token);
        await second.Connection.Connected.WaitAsync(_limit.Token);
        Assert.Equal("data", (await second.Channels.ReadAsync(_limit.Token)).Label);
        return (first, second);
    }

    private async Task FirstRelayAsync(RtcHost host)
    {
        RtcConnection connection = host.CreateConnection();
        connection.CreateOffer();
        await foreach (RtcEvent e in connection.Events.ReadAllAsync(_limit.Token))
        {
            if (e.LocalCandidate is not null)
            {
                break;
            }
        }

        Assert.Contains(host.LocalCandidates, c => c.Type == IceCandidateType.Relayed);
        await connection.DisposeAsync();
    }

    private async Task SendAndCompareAsync(Member from, Member to, int length)
    {
        byte[] content = RandomNumberGenerator.GetBytes(length);
        RtcDataChannel sending = from.Connection.CreateDataChannel("bulk");
        Task writing = Task.Run(async () =>
        {
            for (int at = 0; at < content.Length; at += 60_000)
            {
                await sending.SendAsync(content.AsMemory(at, Math.Min(60_000, content.Length - at)), false, _limit.Token);
            }

            sending.Close();
        });
        RtcDataChannel receiving = await to.Channels.ReadAsync(_limit.Token);
        var received = new MemoryStream();
        while (await receiving.ReceiveAsync(_limit.Token) is { } message)
        {
            using (message)
            {
                received.Write(message.Data.Span);
            }
        }

        await writing;
        Assert.Equal(content, received.ToArray());
    }

    /// <summary>A connection whose candidates go to the other side, and whose incoming channels can be read.</summary>
    private sealed class Member(RtcConnection connection)
    {
        private readonly Channel<RtcDataChannel> _channels = Channel.CreateUnbounded<RtcDataChannel>();

        public RtcConnection Connection => connection;

        public ChannelReader<RtcDataChannel> Channels => _channels.Reader;

        public async Task RunAsync(Member other)
        {
            await foreach (RtcEvent e in connection.Events.ReadAllAsync())
            {
                if (e.LocalCandidate is { } candidate)
                {
                    other.Connection.AddRemoteCandidate(candidate);
                }
                else if (e.IncomingChannel is { } channel)
                {
                    _channels.Writer.TryWrite(channel);
                }
            }

            _channels.Writer.TryComplete();
        }
    }
}
