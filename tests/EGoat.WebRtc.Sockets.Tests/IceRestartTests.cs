using System.Net;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Sockets.Tests;

/// <summary>A machine whose addresses change while it is connected.</summary>
public sealed class IceRestartTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_host_whose_address_changes_says_so_and_its_connections_go_on(bool isOfferer)
    {
        using var limit = new CancellationTokenSource(Limit);
        using DtlsCertificate certificateA = DtlsCertificate.Create(), certificateZ = DtlsCertificate.Create();
        var addresses = new Addresses("127.0.0.1");
        var unchanged = new Addresses("127.0.0.1");
        await using RtcHost hostA = RtcHost.Open(new RtcHostOptions { Certificate = certificateA, IncludeLoopback = true, Addresses = addresses });
        await using RtcHost hostZ = RtcHost.Open(new RtcHostOptions { Certificate = certificateZ, IncludeLoopback = true, Addresses = unchanged });
        int changes = 0;
        hostA.NetworkChanged += () => changes++;
        RtcConnection a = hostA.CreateConnection(), z = hostZ.CreateConnection();
        (RtcConnection first, RtcConnection second) = isOfferer ? (a, z) : (z, a);
        first.AcceptAnswer(second.AcceptOffer(first.CreateOffer()));
        RtcDataChannel channel = z.CreateDataChannel("egoat");
        await channel.SendAsync("before"u8.ToArray(), true, limit.Token);
        RtcDataChannel incoming = await IncomingAsync(a, limit.Token);
        Assert.Equal("before"u8.ToArray(), await ReceiveAsync(incoming, limit.Token));

        addresses.Change("127.0.0.2");
        addresses.Change("127.0.0.2");
        Assert.Equal(1, changes);
        a.RestartIce();
        string offer = a.CreateOffer();
        Assert.Contains(" 127.0.0.2 ", offer, StringComparison.Ordinal);
        Assert.DoesNotMatch("candidate:.* 127\\.0\\.0\\.1 ", offer);
        a.AcceptAnswer(z.AcceptOffer(offer));
        await channel.SendAsync("after"u8.ToArray(), true, limit.Token);
        Assert.Equal("after"u8.ToArray(), await ReceiveAsync(incoming, limit.Token));
    }

    private static async Task<RtcDataChannel> IncomingAsync(RtcConnection connection, CancellationToken cancelled)
    {
        await foreach (RtcEvent e in connection.Events.ReadAllAsync(cancelled))
        {
            if (e.IncomingChannel is { } channel)
            {
                return channel;
            }
        }

        throw new InvalidOperationException($"The connection ended: {connection.EndReason}");
    }

    private static async Task<byte[]> ReceiveAsync(RtcDataChannel channel, CancellationToken cancelled)
    {
        using RtcMessage message = (await channel.ReceiveAsync(cancelled))!;
        return message.Data.ToArray();
    }

    private sealed class Addresses(string address) : ILocalAddresses
    {
        private IPAddress _address = IPAddress.Parse(address);

        public event Action? Changed;

        public IReadOnlyList<IPAddress> Find(bool includeLoopback, bool includeIPv6, Func<System.Net.NetworkInformation.NetworkInterface, bool>? filter) => [_address];

        public void Change(string address)
        {
            _address = IPAddress.Parse(address);
            Changed?.Invoke();
        }
    }
}
