using EGoat.Testing;
using EGoat.Testing.Browser;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace EGoat.Web.Tests;

/// <summary>Files between the page and an installation: large ones, and those that a reload interrupts.</summary>
public sealed class PageTransferTests(ITestOutputHelper output) : PageTransferTest
{
    private const int MaxHeapMebibytes = 96;

    private static readonly long Large = LongRun.Choose(51L, 512L) * Block;

    [ProgramFact("chromium")]
    public async Task A_large_file_goes_to_the_page_and_back_within_bounded_memory()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", Large + 77);
        IPage page = await JoinAsync();
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        long most = await MeasureHeapAsync(page, sending);
        output.WriteLine($"heap while receiving: at most {most / Block} MiB");
        EGoatTransfer sent = Assert.Single(await sending);
        Assert.True(sent.State == EGoatTransferState.Completed, sent.Error);
        Assert.InRange(most, 1, MaxHeapMebibytes * (long)Block);
        string saved = await SaveAsync(page, Row(page, "completed").Locator("a.save"));
        Assert.Equal(hash, TestFile.HashOf(saved));
        await Assertions.Expect(Row(page, "completed")).ToHaveAttributeAsync("data-hash", sent.TreeHash!);

        await page.SetInputFilesAsync("#file", path);
        Task<EGoatTransfer> receiving = TransferAsync(t => t.IsEnded && t.Direction == EGoatDirection.Received);
        most = await MeasureHeapAsync(page, receiving);
        output.WriteLine($"heap while sending: at most {most / Block} MiB");
        EGoatTransfer received = await receiving;
        Assert.True(received.State == EGoatTransferState.Completed, received.Error);
        Assert.InRange(most, 1, MaxHeapMebibytes * (long)Block);
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
        Assert.Empty(Browser!.Errors);
    }

    [ProgramFact("chromium")]
    public async Task A_receiving_page_that_is_reloaded_goes_on_with_what_it_holds()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", Large);
        int held = (int)(Large / Block / 2);
        IPage page = await JoinAsync(stallAfter: held);
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        await ProgressAsync(page, held);
        await ChromiumBrowser.ScreenshotAsync(page, "page-receiving.png");
        await page.ReloadAsync();
        EGoatTransfer sent = Assert.Single(await sending);
        Assert.True(sent.State == EGoatTransferState.Completed, sent.Error);
        Assert.Equal((long)held * Block, sent.BytesResumed);
        await Assertions.Expect(Row(page, "completed").Locator(".how")).ToContainTextAsync($"{held}.0 MiB did not have to travel");
        await Assertions.Expect(Cards(page)).ToHaveCountAsync(1);
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(page, page.Locator("a.save"))));
        Assert.Empty(Browser!.Errors);
    }

    [ProgramFact("chromium")]
    public async Task A_partial_file_with_a_damaged_block_is_mended()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", 12 * Block);
        IPage page = await JoinAsync(stallAfter: 6);
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        await ProgressAsync(page, 6);

        // A page of the same origin that is no member of the room damages what lies in the storage.
        await page.GotoAsync("about:blank");
        await page.GotoAsync(Server.Url + "goat.svg");
        await page.EvaluateAsync(
            """
            async () => {
              const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('received');
              const [[, file]] = await Array.fromAsync(folder.entries());
              const writer = await file.createWritable({ keepExistingData: true });
              await writer.write({ type: 'write', position: 2 * 1024 * 1024 + 5, data: 'damage' });
              await writer.close();
            }
            """);
        await page.GotoAsync(Server.Url + "#room=lobby");
        EGoatTransfer sent = Assert.Single(await sending);
        Assert.True(sent.State == EGoatTransferState.Completed, sent.Error);
        Assert.Equal(5L * Block, sent.BytesResumed);
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(page, page.Locator("a.save"))));
    }

    [ProgramFact("chromium")]
    public async Task A_sending_page_that_is_reloaded_asks_for_the_file_and_goes_on()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", Large);
        int read = (int)(Large / Block / 2);
        IPage page = await JoinAsync(stallAfter: read);
        await page.SetInputFilesAsync("#file", path);
        await ProgressAsync(page, read);
        await page.ReloadAsync();
        await ConnectedAsync(page);
        ILocator row = Row(page, "needs-file");
        await Assertions.Expect(row.Locator(".what")).ToHaveTextAsync("goat.bin to ada");
        await row.Locator(".again input").SetInputFilesAsync(path);
        EGoatTransfer received = await TransferAsync(t => t.State == EGoatTransferState.Completed);
        Assert.InRange(received.BytesResumed, (read - 3L) * Block, read * (long)Block);
        Assert.Equal(Large, received.BytesResumed + received.BytesTransferred);
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
        await Assertions.Expect(Row(page, "completed").Locator(".how")).ToContainTextAsync("did not have to travel");
        Assert.Empty(Browser!.Errors);
    }

    [ProgramFact("chromium")]
    public async Task A_sending_page_with_a_file_handle_goes_on_by_itself_after_a_reload()
    {
        // A file of the private file system has a handle that needs no dialog and no permission.
        IPage page = await JoinAsync(
            stallAfter: 6,
            """
            window.showOpenFilePicker = async () => {
              const file = await (await navigator.storage.getDirectory()).getFileHandle('mine.bin', { create: true });
              const writer = await file.createWritable();
              await writer.write(new Uint8Array(9 * 1024 * 1024).map((_, i) => i % 251));
              await writer.close();
              return [file];
            };
            """);
        await page.ClickAsync("label.file:has(#file)");
        await ProgressAsync(page, 6);
        await page.ReloadAsync();
        EGoatTransfer received = await TransferAsync(t => t.State == EGoatTransferState.Completed);
        Assert.InRange(received.BytesResumed, 3 * Block, 6 * Block);
        byte[] content = await File.ReadAllBytesAsync(Path.Combine(Inbox, "mine.bin"), Cancelled);
        Assert.Equal(9 * Block, content.Length);
        Assert.True(content.Select((b, i) => b == i % 251).All(isRight => isRight));
    }

    [ProgramFact("chromium")]
    public async Task A_transfer_whose_connection_is_lost_goes_on_within_the_life_of_the_page()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", 24 * Block);
        // Reading stands still after 12 blocks, until the test lets it go on.
        IPage page = await JoinAsync(
            script:
            """
            const connections = [];
            window.RTCPeerConnection = class extends RTCPeerConnection {
              constructor(...args) { super(...args); connections.push(this); }
            };
            let reads = 0;
            const go = new Promise(resolve => { window.go = resolve; });
            window.lose = () => connections.at(-1).close();
            const read = Blob.prototype.arrayBuffer;
            Blob.prototype.arrayBuffer = async function () {
              if (++reads > 12) await go;
              return read.call(this);
            };
            """);
        await page.SetInputFilesAsync("#file", path);
        await ProgressAsync(page, 12);
        await page.EvaluateAsync("() => { lose(); go(); }");
        EGoatTransfer received = await TransferAsync(t => t.State == EGoatTransferState.Completed);
        Assert.True(received.BytesResumed is >= 9 * Block and <= 12 * Block, $"{received.BytesResumed} bytes were resumed.");
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
    }

    [ProgramFact("chromium")]
    public async Task Both_sides_can_pause_and_resume()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", 24 * Block);
        // Reading stands still after 6 blocks, until the test lets it go on.
        IPage sender = await JoinAsync(
            name: "sender",
            script:
            """
            let reads = 0;
            const go = new Promise(resolve => { window.go = resolve; });
            const read = Blob.prototype.arrayBuffer;
            Blob.prototype.arrayBuffer = async function () {
              if (++reads > 6) await go;
              return read.call(this);
            };
            """);
        await using ChromiumBrowser other = await ChromiumBrowser.LaunchAsync();
        IPage receiver = await other.OpenAsync(Server.Url.ToString());
        await EnterAsync(receiver, "receiver");
        await Room.LeaveAsync();
        await Assertions.Expect(sender.Locator("#peers li.connected .name")).ToHaveTextAsync("receiver");
        await sender.SetInputFilesAsync("#file", path);
        await receiver.ClickAsync("button.accept");
        await ProgressAsync(sender, 6);
        await ProgressAsync(receiver, 6);

        await receiver.ClickAsync("button.pause");
        await Assertions.Expect(Row(sender, "paused").Locator(".how")).ToHaveTextAsync("6.0 MiB of 24.0 MiB, paused by them");
        await Assertions.Expect(Row(receiver, "paused").Locator(".how")).ToHaveTextAsync("6.0 MiB of 24.0 MiB, paused");
        await receiver.ClickAsync("button.pause");
        await ProgressAsync(sender, 6);
        await sender.ClickAsync("button.pause");
        await sender.EvaluateAsync("() => go()");
        await Assertions.Expect(Row(receiver, "paused").Locator(".how")).ToHaveTextAsync("6.0 MiB of 24.0 MiB, paused by them");
        await sender.ClickAsync("button.pause");
        await Assertions.Expect(Row(sender, "completed")).ToHaveCountAsync(1);
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(receiver, receiver.Locator("a.save"))));
        await receiver.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
        await ChromiumBrowser.ScreenshotAsync(receiver, "page-received-dark.png");
    }
}
