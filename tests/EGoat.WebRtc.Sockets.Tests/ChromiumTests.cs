using System.Diagnostics;
using EGoat.Testing;
using EGoat.Testing.Browser;
using EGoat.WebRtc.Dtls;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace EGoat.WebRtc.Sockets.Tests;

/// <summary>Against the WebRTC of a browser, with either side offering, and with its addresses hidden or not.</summary>
public sealed class ChromiumTests(ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>The page's side: a connection, everything it receives sent back unchanged, and what a test asks of it.</summary>
    private const string Page = """
        window.pc = new RTCPeerConnection();
        window.received = [];
        window.use = channel => {
          window.channel = channel;
          channel.binaryType = 'arraybuffer';
          channel.onmessage = e => { window.received.push(e.data); if (channel.label === 'echo') channel.send(e.data); };
        };
        pc.ondatachannel = e => use(e.channel);
        window.gathered = () => new Promise(resolve => {
          if (pc.iceGatheringState === 'complete') resolve(pc.localDescription.sdp);
          pc.onicegatheringstatechange = () => { if (pc.iceGatheringState === 'complete') resolve(pc.localDescription.sdp); };
        });
        undefined;
        """;

    private static readonly int[] Sizes = [0, 1, 2, 1_000, 1_132, 16_384, 65_535, 65_536, 262_143, 262_144];

    private readonly DtlsCertificate _certificate = DtlsCertificate.Create();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));
    private RtcHost _host = null!;
    private ChromiumBrowser? _browser;

    public Task InitializeAsync()
    {
        _host = RtcHost.Open(new RtcHostOptions { Certificate = _certificate, IncludeLoopback = true });
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        await _host.DisposeAsync();
        _certificate.Dispose();
        _limit.Dispose();
    }

    [ProgramFact("chromium")]
    public async Task We_offer_and_the_page_answers()
    {
        IPage page = await OpenPageAsync(hidesAddresses: false);
        RtcConnection connection = _host.CreateConnection();
        await EchoAllSizesAsync(await ConnectAsync(page, connection));
    }

    [ProgramFact("chromium")]
    public async Task The_page_offers_and_we_answer()
    {
        IPage page = await OpenPageAsync(hidesAddresses: false);
        await EchoAllSizesAsync(await BeConnectedAsync(page, _host.CreateConnection()));
    }

    [ProgramFact("chromium")]
    public async Task A_page_that_hides_its_addresses_behind_names_connects_all_the_same()
    {
        IPage page = await OpenPageAsync(hidesAddresses: true);
        RtcConnection connection = _host.CreateConnection();
        RtcDataChannel channel = connection.CreateDataChannel("echo");
        string answer = await AnswerAsync(page, connection.CreateOffer());
        Assert.Contains(".local ", answer, StringComparison.Ordinal);
        connection.AcceptAnswer(answer);
        await EchoAllSizesAsync(channel);
    }

    [ProgramFact("chromium")]
    public async Task The_page_closes_a_channel_and_we_see_it_and_the_reverse()
    {
        IPage page = await OpenPageAsync(hidesAddresses: false);
        RtcConnection connection = _host.CreateConnection();
        RtcDataChannel first = connection.CreateDataChannel("first");
        connection.AcceptAnswer(await AnswerAsync(page, connection.CreateOffer()));
        await first.Opened.WaitAsync(_limit.Token);
        await page.WaitForFunctionAsync("() => window.channel?.readyState === 'open'");
        await page.EvaluateAsync("() => channel.close()");
        await first.Closed.WaitAsync(_limit.Token);
        RtcDataChannel second = connection.CreateDataChannel("second");
        await second.Opened.WaitAsync(_limit.Token);
        await page.WaitForFunctionAsync("() => window.channel?.label === 'second' && channel.readyState === 'open'");
        second.Close();
        await page.WaitForFunctionAsync("() => channel.readyState === 'closed'");
        await connection.DisposeAsync();
        await page.WaitForFunctionAsync("() => ['closed', 'failed', 'disconnected'].includes(pc.connectionState) || pc.sctp.state === 'closed'");
    }

    /// <summary>As pages connect: the description goes at once, the candidates follow as they are found.</summary>
    [ProgramTheory("chromium")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Twenty_connects_in_a_row_open_whoever_offers(bool weOffer)
    {
        const int Count = 20;
        IPage page = await OpenPageAsync(hidesAddresses: false);
        RtcConnection? connection = null;
        await page.ExposeFunctionAsync<string, bool>("trickle", candidate => connection!.AddRemoteCandidate(candidate));
        var times = new List<double>();
        for (int i = 0; i < Count; i++)
        {
            await page.EvaluateAsync("pc.close();" + Page + "pc.onicecandidate = e => { if (e.candidate?.candidate) trickle(e.candidate.candidate); }; undefined");
            await using RtcConnection connecting = connection = _host.CreateConnection();
            RtcDataChannel channel;
            long begin;
            if (weOffer)
            {
                channel = connection.CreateDataChannel("echo");
                string offer = connection.CreateOffer();
                begin = Stopwatch.GetTimestamp();
                connection.AcceptAnswer(await page.EvaluateAsync<string>(
                    "async sdp => { await pc.setRemoteDescription({ type: 'offer', sdp }); await pc.setLocalDescription(); return pc.localDescription.sdp; }", offer));
            }
            else
            {
                string offer = await page.EvaluateAsync<string>("async () => { use(pc.createDataChannel('echo')); await pc.setLocalDescription(); return pc.localDescription.sdp; }");
                begin = Stopwatch.GetTimestamp();
                await page.EvaluateAsync("sdp => pc.setRemoteDescription({ type: 'answer', sdp })", connection.AcceptOffer(offer));
                channel = await IncomingAsync(connection);
            }

            await channel.Opened.WaitAsync(_limit.Token);
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            await page.WaitForFunctionAsync("() => window.channel?.readyState === 'open'");
        }

        times.Sort();
        output.WriteLine($"{(weOffer ? "We offer" : "The page offers")}: median {times[Count / 2]:F0} ms, longest {times[^1]:F0} ms from the offer to the open channel.");
    }

    private static async Task<RtcDataChannel> ConnectAsync(IPage page, RtcConnection connection)
    {
        RtcDataChannel channel = connection.CreateDataChannel("echo");
        connection.AcceptAnswer(await AnswerAsync(page, connection.CreateOffer()));
        return channel;
    }

    private async Task<RtcDataChannel> BeConnectedAsync(IPage page, RtcConnection connection)
    {
        string offer = await page.EvaluateAsync<string>("async () => { use(pc.createDataChannel('echo')); await pc.setLocalDescription(); return await gathered(); }");
        await page.EvaluateAsync("sdp => pc.setRemoteDescription({ type: 'answer', sdp })", connection.AcceptOffer(offer));
        return await IncomingAsync(connection);
    }

    private static Task<string> AnswerAsync(IPage page, string offer) => page.EvaluateAsync<string>(
        "async sdp => { await pc.setRemoteDescription({ type: 'offer', sdp }); await pc.setLocalDescription(); return await gathered(); }",
        offer);

    private async Task EchoAllSizesAsync(RtcDataChannel channel)
    {
        var random = new Random(1);
        foreach (int size in Sizes)
        {
            var binary = new byte[size];
            random.NextBytes(binary);
            byte[] text = [.. binary.Select(b => (byte)('a' + (b % 26)))];
            await channel.SendAsync(binary, false, _limit.Token);
            await channel.SendAsync(text, true, _limit.Token);
            using RtcMessage first = (await channel.ReceiveAsync(_limit.Token))!;
            Assert.False(first.IsText);
            Assert.True(binary.AsSpan().SequenceEqual(first.Data.Span), $"{size} bytes came back changed, as {first.Data.Length}.");
            using RtcMessage second = (await channel.ReceiveAsync(_limit.Token))!;
            Assert.True(second.IsText);
            Assert.True(text.AsSpan().SequenceEqual(second.Data.Span), $"{size} characters came back changed.");
        }
    }

    private async Task<RtcDataChannel> IncomingAsync(RtcConnection connection)
    {
        await foreach (RtcEvent e in connection.Events.ReadAllAsync(_limit.Token))
        {
            if (e.IncomingChannel is { } channel)
            {
                return channel;
            }
        }

        throw new InvalidOperationException($"The connection ended: {connection.EndReason}");
    }

    private async Task<IPage> OpenPageAsync(bool hidesAddresses)
    {
        _browser = await ChromiumBrowser.LaunchAsync(hidesAddresses);
        IPage page = await _browser.OpenAsync("about:blank");
        await page.EvaluateAsync(Page);
        return page;
    }
}
