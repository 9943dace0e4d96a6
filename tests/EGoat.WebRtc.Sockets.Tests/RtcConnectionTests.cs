using System.Diagnostics;
using System.Security.Cryptography;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Statistics;

namespace EGoat.WebRtc.Sockets.Tests;

public sealed class RtcConnectionTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly DtlsCertificate _a = DtlsCertificate.Create();
    private readonly DtlsCertificate _z = DtlsCertificate.Create();
    private readonly CancellationTokenSource _limit = new(Limit);
    private RtcHost _hostA = null!;
    private RtcHost _hostZ = null!;

    private CancellationToken Cancelled => _limit.Token;

    public Task InitializeAsync()
    {
        _hostA = RtcHost.Open(new RtcHostOptions { Certificate = _a, IncludeLoopback = true });
        _hostZ = RtcHost.Open(new RtcHostOptions { Certificate = _z, IncludeLoopback = true });
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _hostA.DisposeAsync();
        await _hostZ.DisposeAsync();
        _limit.Dispose();
        _a.Dispose();
        _z.Dispose();
    }

    [Fact]
    public async Task Two_hosts_connect_on_loopback_and_exchange_messages_both_ways()
    {
        (RtcConnection a, RtcConnection z) = Connect();
        RtcDataChannel channelA = a.CreateDataChannel("egoat");
        await channelA.SendAsync("hello"u8.ToArray(), true, Cancelled);
        RtcDataChannel channelZ = await IncomingAsync(z);
        Assert.Equal("egoat", channelZ.Label);
        using (RtcMessage message = (await channelZ.ReceiveAsync(Cancelled))!)
        {
            Assert.True(message.IsText);
            Assert.Equal("hello"u8.ToArray(), message.Data.ToArray());
        }

        await channelZ.SendAsync(new byte[] { 1, 2, 3 }, false, Cancelled);
        using RtcMessage answer = (await channelA.ReceiveAsync(Cancelled))!;
        Assert.Equal([1, 2, 3], answer.Data.ToArray());
        Assert.Equal(_z.Der.ToArray(), a.RemoteCertificate.ToArray());
        Assert.True(a.RemoteAddress!.Value.IsLoopback);
    }

    [Fact]
    public async Task A_host_that_calls_OpenSSL_and_one_with_the_ciphers_of_the_platform_understand_each_other()
    {
        await using var platform = RtcHost.Open(new RtcHostOptions { Certificate = _z, IncludeLoopback = true, CreateCipher = null });
        (RtcConnection a, RtcConnection z) = Connect(_hostA, platform);
        RtcDataChannel channelA = a.CreateDataChannel("egoat");
        await channelA.SendAsync(new byte[100_000], false, Cancelled);
        RtcDataChannel channelZ = await IncomingAsync(z);
        using RtcMessage message = (await channelZ.ReceiveAsync(Cancelled))!;
        Assert.Equal(100_000, message.Data.Length);
        await channelZ.SendAsync(new byte[] { 1, 2, 3 }, false, Cancelled);
        using RtcMessage answer = (await channelA.ReceiveAsync(Cancelled))!;
        Assert.Equal([1, 2, 3], answer.Data.ToArray());
    }

    [Fact]
    public async Task Statistics_of_both_ends_tell_of_the_path_and_of_what_went_over_it()
    {
        (RtcConnection a, RtcConnection z) = Connect();
        RtcDataChannel channelA = a.CreateDataChannel("egoat");
        await channelA.SendAsync(new byte[100_000], false, Cancelled);
        RtcDataChannel channelZ = await IncomingAsync(z);
        using RtcMessage message = (await channelZ.ReceiveAsync(Cancelled))!;
        PeerConnectionStats ofA = a.GetStats();
        PeerConnectionStats ofZ = z.GetStats();
        Assert.Equal(100_000, Assert.Single(ofA.DataChannels).BytesSent);
        Assert.Equal(100_000, Assert.Single(ofZ.DataChannels).BytesReceived);
        Assert.InRange(ofZ.Transport.BytesReceived, 100_000, ofA.Transport.BytesSent);
        Assert.Equal(ofA.SelectedCandidatePair!.Local.Address.Port, ofZ.SelectedCandidatePair!.Remote.Address.Port);
        Assert.Equal(a.RemoteAddress, ofA.SelectedCandidatePair.Remote.Address);
        Assert.Equal("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", ofA.Transport.DtlsCipher);
    }

    // What the kernel joins and cuts must fit what comes one by one, and the other way round.
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Bulk_data_arrives_unchanged_while_the_sender_is_held_back(bool isSenderOffloaded, bool isReceiverOffloaded)
    {
        await using var hostA = RtcHost.Open(new RtcHostOptions { Certificate = _a, IncludeLoopback = true, UseSegmentationOffload = isSenderOffloaded });
        await using var hostZ = RtcHost.Open(new RtcHostOptions { Certificate = _z, IncludeLoopback = true, UseSegmentationOffload = isReceiverOffloaded });
        (RtcConnection a, RtcConnection z) = Connect(hostA, hostZ);
        RtcDataChannel channelA = a.CreateDataChannel("bulk");
        RtcDataChannel channelZ = await IncomingAsync(z);
        const int count = 1024;
        var block = new byte[64 * 1024];
        var random = new Random(1);
        using var sent = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var received = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long mostBuffered = 0;
        Task sending = Task.Run(
            async () =>
            {
                for (int i = 0; i < count; i++)
                {
                    random.NextBytes(block);
                    sent.AppendData(block);
                    await channelA.SendAsync(block, false, Cancelled);
                    mostBuffered = Math.Max(mostBuffered, channelA.BufferedAmount);
                }
            },
            Cancelled);
        for (int i = 0; i < count; i++)
        {
            using RtcMessage message = (await channelZ.ReceiveAsync(Cancelled))!;
            received.AppendData(message.Data.Span);
        }

        await sending;
        Assert.Equal(sent.GetHashAndReset(), received.GetHashAndReset());
        Assert.InRange(mostBuffered, 0, RtcDataChannel.SendBufferLimit + block.Length);
    }

    [Fact]
    public async Task A_sender_waits_for_a_reader_that_does_not_read_and_can_be_cancelled()
    {
        (RtcConnection a, RtcConnection z) = Connect();
        RtcDataChannel channelA = a.CreateDataChannel("bulk");
        RtcDataChannel channelZ = await IncomingAsync(z);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        long sent = 0;
        Task sending = Task.Run(
            async () =>
            {
                while (true)
                {
                    await channelA.SendAsync(new byte[64 * 1024], false, stop.Token);
                    Interlocked.Add(ref sent, 64 * 1024);
                }
            },
            Cancelled);

        // It stops by itself once the receive window and the send buffer are full; both are known.
        const long most = (4 * 1024 * 1024) + RtcDataChannel.SendBufferLimit + (2 * 64 * 1024);
        long last;
        do
        {
            last = Interlocked.Read(ref sent);
            await Task.Delay(300, Cancelled);
        }
        while (Interlocked.Read(ref sent) != last || last < 4 * 1024 * 1024);
        Assert.InRange(last, 4 * 1024 * 1024, most);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        using RtcMessage? message = await channelZ.ReceiveAsync(Cancelled);
        Assert.NotNull(message);
    }

    [Fact]
    public async Task Closing_a_channel_delivers_what_was_sent_and_then_the_end()
    {
        (RtcConnection a, RtcConnection z) = Connect();
        RtcDataChannel channelA = a.CreateDataChannel("x");
        RtcDataChannel channelZ = await IncomingAsync(z);
        for (int i = 0; i < 100; i++)
        {
            await channelA.SendAsync(new byte[10_000], false, Cancelled);
        }

        channelA.Close();
        int received = 0;
        while (await channelZ.ReceiveAsync(Cancelled) is { } message)
        {
            message.Dispose();
            received++;
        }

        Assert.Equal(100, received);
        await channelA.Closed.WaitAsync(Cancelled);
        await Assert.ThrowsAsync<RtcException>(async () => await channelA.SendAsync(new byte[1], false, Cancelled));

        // What cannot be queued is given back to its lender.
        var lent = new MemoryStream();
        await Assert.ThrowsAsync<RtcException>(async () => await channelA.SendAsync(default, new byte[1], lent, Cancelled));
        Assert.False(lent.CanRead);
    }

    [Fact]
    public async Task Disposing_a_connection_ends_the_peers_reads_and_events()
    {
        (RtcConnection a, RtcConnection z) = Connect();
        a.CreateDataChannel("x");
        RtcDataChannel channelZ = await IncomingAsync(z);
        await a.DisposeAsync();
        Assert.Null(await channelZ.ReceiveAsync(Cancelled));
        PeerConnectionState last = default;
        await foreach (RtcEvent e in z.Events.ReadAllAsync(Cancelled))
        {
            last = e.State;
        }

        Assert.Equal(PeerConnectionState.Closed, last);
    }

    [Fact]
    public async Task Connections_to_ten_hosts_share_a_socket()
    {
        RtcHost[] hosts = [.. Enumerable.Range(0, 10).Select(_ => RtcHost.Open(new RtcHostOptions { Certificate = _z, IncludeLoopback = true }))];
        try
        {
            foreach (RtcHost host in hosts)
            {
                RtcConnection a = _hostA.CreateConnection();
                RtcConnection z = host.CreateConnection();
                a.AcceptAnswer(z.AcceptOffer(a.CreateOffer()));
                string label = Guid.NewGuid().ToString();
                a.CreateDataChannel(label);
                Assert.Equal(label, (await IncomingAsync(z)).Label);
            }
        }
        finally
        {
            foreach (RtcHost host in hosts)
            {
                await host.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task A_host_closes_within_a_second()
    {
        (RtcConnection a, RtcConnection z) = Connect();
        await Task.WhenAll(a.Connected, z.Connected).WaitAsync(Cancelled);
        await _hostA.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Task.FromResult(_hostA.CreateConnection()));
    }

    private (RtcConnection A, RtcConnection Z) Connect() => Connect(_hostA, _hostZ);

    private static (RtcConnection A, RtcConnection Z) Connect(RtcHost hostA, RtcHost hostZ)
    {
        RtcConnection a = hostA.CreateConnection();
        RtcConnection z = hostZ.CreateConnection();
        a.AcceptAnswer(z.AcceptOffer(a.CreateOffer()));
        return (a, z);
    }

    private async Task<RtcDataChannel> IncomingAsync(RtcConnection connection)
    {
        await foreach (RtcEvent e in connection.Events.ReadAllAsync(Cancelled))
        {
            if (e.IncomingChannel is { } channel)
            {
                return channel;
            }
        }

        throw new UnreachableException($"The connection ended: {connection.EndReason}");
    }
}
