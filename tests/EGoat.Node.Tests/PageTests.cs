using System.Net;
using EGoat.Mesh;
using EGoat.Testing;
using EGoat.Testing.Browser;
using EGoat.Web;
using Microsoft.Playwright;

namespace EGoat.Node.Tests;

/// <summary>The page in a real browser, in a room with two installations.</summary>
public sealed class PageTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(120));
    private readonly Installation _ada = Installation.Create();
    private readonly Installation _bob = Installation.Create();
    private SignalingServer _server = null!;
    private ChromiumBrowser? _browser;

    private CancellationToken Cancelled => _limit.Token;

    public async Task InitializeAsync() =>
        _server = await _ada.Node.StartSignalingAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, Cancelled);

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        await _ada.DisposeAsync();
        await _bob.DisposeAsync();
        _limit.Dispose();
    }

    [ProgramFact("chromium")]
    public async Task The_page_is_a_full_member_of_a_room()
    {
        Room ada = await _ada.JoinAsync(_server.Url, "ada", Cancelled);
        Room bob = await _bob.JoinAsync(_server.Url, "bob", Cancelled);
        using RoomSubscription adas = ada.Subscribe();
        using RoomSubscription bobs = bob.Subscribe();
        IPage page = await OpenAsync(_server.Page);
        await JoinAsync(page, "carla");
        await Task.WhenAll(ada.WaitForPeersAsync(2, true, Cancelled), bob.WaitForPeersAsync(2, true, Cancelled));
        await Assertions.Expect(page.Locator("#peers li.connected")).ToHaveCountAsync(2);
        Assert.DoesNotContain("#t=", page.Url, StringComparison.Ordinal);

        // Texts both ways.
        await page.FillAsync("#text", "Hello from a browser 🐐");
        await page.ClickAsync("#send");
        Assert.Equal("Hello from a browser 🐐", (await NextAsync<RoomMessageReceived>(adas)).Message.Text);
        EGoatMessage message = (await NextAsync<RoomMessageReceived>(bobs)).Message;
        Assert.Equal("carla", message.From);
        await Assertions.Expect(page.Locator("#messages li.own .receipt")).ToHaveTextAsync("✓");
        await (await ada.SendTextAsync("<b>hello</b> carla", cancellationToken: Cancelled)).Outcome.WaitAsync(Cancelled);
        await Assertions.Expect(page.Locator("#messages li:not(.own) .text")).ToHaveTextAsync("<b>hello</b> carla");

        // A file from an installation to the other and the page.
        int length = Sizes.FileFromInstallation;
        (string path, byte[] hash) = _ada.CreateFile("from-ada.bin", length);
        FileSend send = ada.SendFiles([path], cancellationToken: Cancelled);
        await page.ClickAsync("#messages button.accept");
        IReadOnlyList<EGoatTransfer> transfers = await send.Completion.WaitAsync(Cancelled);
        Assert.All(transfers, t => Assert.True(t.State == EGoatTransferState.Completed, t.Error));
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(_bob.Inbox, "from-ada.bin")));
        IDownload download = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("#messages a.save"));
        string saved = Path.Combine(_ada.Folder, "saved.bin");
        await download.SaveAsAsync(saved);
        Assert.Equal("from-ada.bin", download.SuggestedFilename);
        Assert.Equal(hash, TestFile.HashOf(saved));

        // A file from the page to both installations.
        (string upload, byte[] uploadHash) = _bob.CreateFile("from-page.bin", Sizes.FileFromPage);
        await page.SetInputFilesAsync("#file", upload);
        foreach ((Installation receiver, RoomSubscription events) in new[] { (_ada, adas), (_bob, bobs) })
        {
            EGoatTransfer transfer = await EndedAsync(events, "from-page.bin");
            Assert.True(transfer.State == EGoatTransferState.Completed, transfer.Error);
            Assert.Equal(uploadHash, TestFile.HashOf(Path.Combine(receiver.Inbox, "from-page.bin")));
        }

        // Once more: both have it, so that nothing travels.
        await page.SetInputFilesAsync("#file", upload);
        foreach (RoomSubscription events in new[] { adas, bobs })
        {
            EGoatTransfer again = await EndedAsync(events, "from-page.bin");
            Assert.Equal((EGoatTransferState.Completed, (long)Sizes.FileFromPage, 0L), (again.State, again.BytesResumed, again.BytesTransferred));
        }

        // A file dropped on the page.
        await page.EvaluateAsync(
            """
            () => {
              const dropped = new DataTransfer();
              dropped.items.add(new File(['dropped here'], 'dropped.txt'));
              const target = document.querySelector('#messages');
              for (const type of ['dragenter', 'dragover', 'drop'])
                target.dispatchEvent(new DragEvent(type, { dataTransfer: dropped, bubbles: true, cancelable: true }));
            }
            """);
        Assert.Equal(EGoatTransferState.Completed, (await EndedAsync(adas, "dropped.txt")).State);
        Assert.Equal("dropped here", await File.ReadAllTextAsync(Path.Combine(_ada.Inbox, "dropped.txt"), Cancelled));

        // One card for each send, with a chip for each of its receivers.
        await Assertions.Expect(page.Locator("#messages li.card[data-state=completed]")).ToHaveCountAsync(4);
        await Assertions.Expect(page.Locator("#messages .chip[data-state=completed]")).ToHaveCountAsync(6);
        await ChromiumBrowser.ScreenshotAsync(page, "page.png");

        // What was said is in this machine's history, and comes back after a reload.
        await page.ReloadAsync();
        await JoinAsync(page, "carla");
        await Assertions.Expect(page.Locator("#messages .text").First).ToHaveTextAsync("Hello from a browser 🐐");
        await Assertions.Expect(page.Locator("#peers li.connected")).ToHaveCountAsync(2);
        await page.ClickAsync("#leave");
        await FirstAsync(adas, e => e is RoomPeerChanged { Peer: { State: EGoatPeerState.Left, Name: "carla" } });
        Assert.Empty(_browser!.Errors);
    }

    [ProgramFact("chromium")]
    public async Task Without_a_token_the_page_keeps_its_history_in_the_browser_and_its_identity_over_reloads()
    {
        Room ada = await _ada.JoinAsync(_server.Url, "ada", Cancelled);
        IPage page = await OpenAsync(_server.Url.ToString() + "#room=lobby");
        await JoinAsync(page, "dora");
        await ada.WaitForPeersAsync(1, true, Cancelled);
        string identity = ada.Peers[0].Identity;
        await page.FillAsync("#text", "remember me");
        await page.ClickAsync("#send");
        await Assertions.Expect(page.Locator("#messages li.own .receipt")).ToHaveTextAsync("✓");
        await page.ReloadAsync();
        await JoinAsync(page, "dora");
        await Assertions.Expect(page.Locator("#messages .text")).ToHaveTextAsync("remember me");
        using RoomSubscription events = ada.Subscribe();
        await ada.WaitForPeersAsync(1, true, Cancelled);
        Assert.Equal(identity, ada.Peers.Single(p => p.State == EGoatPeerState.Connected).Identity);
        Assert.Empty(_browser!.Errors);
    }

    [ProgramFact("chromium")]
    public async Task The_page_computes_and_writes_what_the_test_vectors_say()
    {
        IPage page = await OpenAsync(_server.Url.ToString());
        string vectors = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "vectors", "protocol-1.json"), Cancelled);
        string[] wrong = await page.EvaluateAsync<string[]>(
            """
            async text => {
              const p = await import('/common/protocol.js');
              const vectors = JSON.parse(text);
              const bytes = hex => Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16));
              const wrong = [];
              const check = (what, expected, actual) => { if (expected !== actual) wrong.push(`${what}: ${actual} instead of ${expected}`); };
              for (const v of vectors.identities) check('identity', v.identity, await p.identityOf(bytes(v.certificate)));
              for (const v of vectors.treeHashes) {
                const content = Uint8Array.from({ length: v.length }, (_, i) => (31 * i + (i >> 8)) & 255);
                const hashes = [];
                for (let at = 0; at < v.length; at += p.BLOCK_SIZE) hashes.push(await p.blockHash(content.subarray(at, at + p.BLOCK_SIZE)));
                check(`hash of ${v.length} bytes`, v.treeHash, p.formatHash(await p.fileHash(v.length, hashes)));
              }
              const write = {
                MANIFEST: v => p.manifestFrame(JSON.parse(v.json)),
                DATA: v => p.dataFrame(v.file, v.offset, bytes(v.payload)),
                HASH: v => p.hashFrame(v.file, v.block, v.blockLength, bytes(v.hash)),
                END: v => p.endFrame(v.file, v.length, bytes(v.hash)),
                ACK: v => p.ackFrame(v.acknowledged),
                STORED: v => p.storedFrame(v.file, v.status, v.reason),
                SKIP: v => p.skipFrame(v.file, v.reason),
                ALIVE: v => p.aliveFrame(v.seconds),
              };
              for (const v of vectors.frames) {
                check(v.type, v.bytes, p.toHex(write[v.type](v)));
                const parsed = p.parseFrame(bytes(v.bytes).buffer);
                check(`type of ${v.type}`, p.Frame[v.type], parsed.type);
                for (const member of ['status', 'reason', 'seconds']) {
                  if (v[member] !== undefined) check(`${member} of ${v.type}`, v[member], parsed[member]);
                }
              }
              return wrong;
            }
            """,
            vectors);
        Assert.Empty(wrong);
    }

    [ProgramFact("chromium")]
    public async Task Two_pages_talk_to_each_other()
    {
        IPage first = await OpenAsync(_server.Url.ToString());
        await JoinAsync(first, "first");
        IPage second = await OpenAsync(_server.Url.ToString());
        await JoinAsync(second, "second");
        await Assertions.Expect(first.Locator("#peers li.connected")).ToHaveCountAsync(1);
        await second.FillAsync("#text", "hi");
        await second.ClickAsync("#send");
        await Assertions.Expect(first.Locator("#messages .text")).ToHaveTextAsync("hi");
    }

    /// <summary>A tenth of the sizes that the long run takes.</summary>
    private static class Sizes
    {
        private static readonly bool IsLong = Environment.GetEnvironmentVariable("EGOAT_LONG") == "1";

        public static int FileFromInstallation => (IsLong ? 256 : 24) * 1024 * 1024;

        public static int FileFromPage => (IsLong ? 64 : 6) * 1024 * 1024;
    }

    private static async Task JoinAsync(IPage page, string name)
    {
        // A page whose address names the room is in it already.
        if (!page.Url.Contains("#room=", StringComparison.Ordinal))
        {
            await page.FillAsync("#name", name);
            await page.FillAsync("#room", "lobby");
            await page.ClickAsync("#join");
        }

        await page.WaitForSelectorAsync("#chat:not([hidden])");
    }

    private async Task<IPage> OpenAsync(string url) => await (_browser ??= await ChromiumBrowser.LaunchAsync()).OpenAsync(url);

    private async Task<T> NextAsync<T>(RoomSubscription events)
        where T : RoomEvent => (T)await FirstAsync(events, e => e is T);

    private async Task<EGoatTransfer> EndedAsync(RoomSubscription events, string name) =>
        ((RoomTransferChanged)await FirstAsync(events, e => e is RoomTransferChanged { Transfer.IsEnded: true } t && t.Transfer.Name == name)).Transfer;

    private async Task<RoomEvent> FirstAsync(RoomSubscription events, Func<RoomEvent, bool> condition)
    {
        await foreach (RoomEvent e in events.ReadAllAsync(Cancelled))
        {
            if (condition(e))
            {
                return e;
            }
        }

        throw new InvalidOperationException("The room was left.");
    }
}
