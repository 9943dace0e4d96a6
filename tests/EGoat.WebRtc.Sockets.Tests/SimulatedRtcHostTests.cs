using System.Text;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Sockets.Tests;

/// <summary>Connections of the shell, threads and locks included, over a network in virtual time.</summary>
[Collection(InVirtualTime.Name)]
public sealed class SimulatedRtcHostTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly DtlsCertificate _certificate = DtlsCertificate.Create();
    private readonly VirtualTime _time = new(1, new NetworkConditions { Latency = TimeSpan.FromMilliseconds(20) });
    private SimulatedRtcHost _hostA = null!;
    private SimulatedRtcHost _hostZ = null!;
    private RtcConnection _a = null!;
    private RtcConnection _z = null!;
    private RtcDataChannel _channelA = null!;
    private RtcDataChannel _channelZ = null!;

    public async Task InitializeAsync()
    {
        _hostA = new SimulatedRtcHost(_time, _certificate, "192.0.2.1", "2001:db8::1");
        _hostZ = new SimulatedRtcHost(_time, _certificate, "192.0.2.2", "2001:db8::2");
        (_a, _z) = (_hostA.CreateConnection(), _hostZ.CreateConnection());
        Negotiate();
        _channelA = _a.CreateDataChannel("egoat");
        _channelZ = await _time.AdvanceUntilAsync(IncomingAsync(_z), Limit);
    }

    public async Task DisposeAsync()
    {
        await _hostA.DisposeAsync();
        await _hostZ.DisposeAsync();
        _certificate.Dispose();
    }

    [Fact]
    public async Task Two_hosts_connect_and_exchange_messages_both_ways()
    {
        await ExchangeAsync(_channelA, _channelZ);
        await ExchangeAsync(_channelZ, _channelA);
        Assert.InRange(_time.Network.Now, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task What_is_sent_over_a_bad_network_arrives_in_order(int seed)
    {
        var time = new VirtualTime(seed, NetworkConditions.Terrible);
        await using var hostA = new SimulatedRtcHost(time, _certificate, "192.0.2.1");
        await using var hostZ = new SimulatedRtcHost(time, _certificate, "192.0.2.2");
        RtcConnection a = hostA.CreateConnection(), z = hostZ.CreateConnection();
        a.AcceptAnswer(z.AcceptOffer(a.CreateOffer()));
        RtcDataChannel outgoing = a.CreateDataChannel("egoat");
        RtcDataChannel incoming = await time.AdvanceUntilAsync(IncomingAsync(z), TimeSpan.FromSeconds(60));
        for (int i = 0; i < 100; i++)
        {
            await outgoing.SendAsync(Encoding.UTF8.GetBytes($"{i}"), true);
        }

        for (int i = 0; i < 100; i++)
        {
            Assert.Equal($"{i}", await time.AdvanceUntilAsync(ReceiveAsync(incoming), TimeSpan.FromSeconds(60)));
        }
    }

    [Fact]
    public async Task A_host_that_is_cut_off_for_ten_seconds_stays_connected()
    {
        _hostA.IsCutOff = true;
        await _channelA.SendAsync("during"u8.ToArray(), true);
        Task<string> receiving = ReceiveAsync(_channelZ);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.False(receiving.IsCompleted);
        _hostA.IsCutOff = false;
        Assert.Equal("during", await _time.AdvanceUntilAsync(receiving, Limit));
        await _time.AdvanceUntilAsync(() => _a.State == PeerConnectionState.Connected && _z.State == PeerConnectionState.Connected, Limit);
    }

    [Fact]
    public async Task A_host_that_is_cut_off_for_a_minute_has_lost_its_connections()
    {
        _hostA.IsCutOff = true;
        await _time.AdvanceAsync(TimeSpan.FromSeconds(60));
        Assert.Equal((PeerConnectionState.Failed, PeerConnectionState.Failed), (_a.State, _z.State));
        Assert.NotNull(_a.EndReason);
        await Assert.ThrowsAsync<RtcException>(async () => await _channelA.SendAsync(new byte[1], false));
    }

    // A batch of datagrams is handled before anything of it is reported: what comes first may be no news any more.
    [Theory]
    [InlineData(DataChannelEventType.MessageAvailable)]
    [InlineData(DataChannelEventType.BufferedAmountLow)]
    [InlineData(DataChannelEventType.StateChanged)]
    public async Task Whoever_waits_for_a_channel_is_released_whatever_is_reported_when_it_has_closed(DataChannelEventType first)
    {
        using var engine = new PeerConnection(new PeerConnectionOptions { Certificate = _certificate }, new SeededEntropy(1));
        DataChannel channel = engine.CreateDataChannel(TimeSpan.Zero, "egoat");
        var wrapped = new RtcDataChannel(_a, channel);
        Task<RtcMessage?> receiving = wrapped.ReceiveAsync().AsTask();
        channel.Close();
        Assert.False(receiving.IsCompleted);
        wrapped.Report(first);
        Assert.Null(await receiving);
        await wrapped.Closed;
        await Assert.ThrowsAsync<RtcException>(() => wrapped.Opened);
    }

    [Fact]
    public async Task A_frozen_process_does_nothing_until_it_continues()
    {
        Task timer = Task.Delay(TimeSpan.FromSeconds(5), _hostZ.Clock);
        _hostZ.Freeze();
        await _channelA.SendAsync("during"u8.ToArray(), true);
        Task<string> receiving = ReceiveAsync(_channelZ);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.False(timer.IsCompleted || receiving.IsCompleted || _hostZ.Running.IsCompleted);
        Assert.Equal(PeerConnectionState.Disconnected, _a.State);
        _hostZ.Continue();
        await _time.AdvanceUntilAsync(Task.WhenAll(timer, receiving, _hostZ.Running), Limit);
        await _time.AdvanceUntilAsync(() => _a.State == PeerConnectionState.Connected, Limit);
    }

    // The addresses that there are meanwhile: the old one goes after the new one has come, before it, or at once.
    [Theory]
    [InlineData("192.0.2.1 192.0.2.3", "192.0.2.3")]
    [InlineData("", "192.0.2.3")]
    [InlineData("192.0.2.3", "192.0.2.3")]
    [InlineData("2001:db8::3", "2001:db8::3")]
    public async Task A_host_whose_address_changes_says_so_and_its_connections_go_on(string meanwhile, string last)
    {
        int changes = 0;
        _hostA.NetworkChanged += () => changes++;
        _hostA.ChangeAddresses(meanwhile.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(1, changes);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(5));
        _hostA.ChangeAddresses(last);
        _a.RestartIce();
        Negotiate();
        await ExchangeAsync(_channelA, _channelZ);
        await ExchangeAsync(_channelZ, _channelA);
        Assert.Equal(last, _z.RemoteAddress!.Value.Address.ToString());
    }

    private static async Task<string> ReceiveAsync(RtcDataChannel channel)
    {
        using RtcMessage message = (await channel.ReceiveAsync())!;
        return Encoding.UTF8.GetString(message.Data.Span);
    }

    private static async Task<RtcDataChannel> IncomingAsync(RtcConnection connection)
    {
        await foreach (RtcEvent e in connection.Events.ReadAllAsync())
        {
            if (e.IncomingChannel is { } channel)
            {
                return channel;
            }
        }

        throw new InvalidOperationException($"The connection ended: {connection.EndReason}");
    }

    private async Task ExchangeAsync(RtcDataChannel from, RtcDataChannel to)
    {
        await from.SendAsync("message"u8.ToArray(), true);
        Assert.Equal("message", await _time.AdvanceUntilAsync(ReceiveAsync(to), Limit));
    }

    private void Negotiate() => _a.AcceptAnswer(_z.AcceptOffer(_a.CreateOffer()));
}
