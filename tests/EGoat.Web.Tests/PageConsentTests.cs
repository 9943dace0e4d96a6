using EGoat.Mesh;
using EGoat.Testing;
using EGoat.Testing.Browser;
using Microsoft.Playwright;

namespace EGoat.Web.Tests;

/// <summary>What the page's user is asked, what may be stored, and how it is shown.</summary>
public sealed class PageConsentTests : PageTransferTest
{
    [ProgramFact("chromium")]
    public async Task A_rejected_file_is_not_received()
    {
        (string path, _) = CreateFile("goat.bin", 3 * Block);
        IPage page = await JoinAsync();
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await Assertions.Expect(Row(page, "asking").Locator(".what")).ToHaveTextAsync("ada offers goat.bin, 3.0 MiB");
        await page.ClickAsync("button.reject");
        EGoatTransfer sent = Assert.Single(await sending);
        Assert.Equal(EGoatTransferState.Rejected, sent.State);
        await Assertions.Expect(Row(page, "rejected")).ToHaveCountAsync(1);
        Assert.Equal("[]", await StoredAsync(page));
    }

    [ProgramFact("chromium")]
    public async Task Some_of_the_offered_files_can_be_accepted()
    {
        string[] paths = [CreateFile("a.bin", Block + 1).Path, CreateFile("b.bin", 2 * Block).Path, CreateFile("empty", 0).Path];
        IPage page = await JoinAsync();
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(paths);
        ILocator row = Row(page, "asking");
        await Assertions.Expect(row.Locator(".what")).ToHaveTextAsync("ada offers 3 files, 3.0 MiB");
        await Assertions.Expect(row.Locator(".files li")).ToHaveTextAsync(["a.bin1.0 MiB", "b.bin2.0 MiB", "empty0 B"]);
        await row.Locator(".files input").Nth(1).UncheckAsync();
        await ChromiumBrowser.ScreenshotAsync(page, "page-asking.png");
        await page.ClickAsync("button.accept-some");
        Dictionary<string, EGoatTransferState> states = (await sending).ToDictionary(t => t.Name, t => t.State);
        Assert.Equal(EGoatTransferState.Completed, states["a.bin"]);
        Assert.Equal(EGoatTransferState.Rejected, states["b.bin"]);
        Assert.Equal(EGoatTransferState.Completed, states["empty"]);
        row = Row(page, "completed");
        await row.Locator("summary").ClickAsync();
        await Assertions.Expect(row.Locator(".files li a.save")).ToHaveCountAsync(2);
        Assert.Equal(TestFile.HashOf(paths[0]), TestFile.HashOf(await SaveAsync(page, row.Locator("a.save").First)));
        Assert.Empty(await File.ReadAllBytesAsync(await SaveAsync(page, row.Locator("a.save").Last), Cancelled));
    }

    [ProgramFact("chromium")]
    public async Task A_file_that_is_larger_than_the_browser_may_store_is_rejected_with_the_reason()
    {
        (string path, _) = CreateFile("goat.bin", 12 * Block);
        IPage page = await JoinAsync();
        await SetQuotaAsync(page, 10 * Block);
        EGoatTransfer sent = Assert.Single(await SendAsync(path));
        Assert.Equal(EGoatTransferState.Rejected, sent.State);
        Assert.Contains("It needs 12.0 MiB, and this browser may store ", sent.Error, StringComparison.Ordinal);
        await Assertions.Expect(Row(page, "rejected").Locator(".how")).ToContainTextAsync("It needs 12.0 MiB");
    }

    // The file has a length and no content: nobody reads it.
    [ProgramTheory("chromium")]
    [InlineData(5_000_000_000, "4.7 GiB")]
    [InlineData(1_000_000_000_000, "931.3 GiB")]
    public async Task A_giant_is_refused_before_anything_travels(long length, string shown)
    {
        string path = Path.Combine(Folder, "giant.bin");
        await using (FileStream file = File.Create(path))
        {
            file.SetLength(length);
        }

        IPage page = await JoinAsync();
        await SetQuotaAsync(page, 4000L * Block);
        EGoatTransfer sent = Assert.Single(await SendAsync(path));
        Assert.Equal((EGoatTransferState.Rejected, 0), (sent.State, sent.BytesTransferred));
        Assert.Contains($"It needs {shown}, and this browser may store ", sent.Error, StringComparison.Ordinal);
        await Assertions.Expect(Row(page, "rejected").Locator(".how")).ToContainTextAsync($"It needs {shown}, and this browser may store ");
        Assert.Equal("[]", await StoredAsync(page));
    }

    [ProgramFact("chromium")]
    public async Task Storage_that_becomes_full_keeps_the_partial_file_and_the_rest_follows_when_there_is_room()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", 20 * Block);
        // Writing stands still after 6 blocks until the storage has become smaller.
        IPage page = await JoinAsync(
            script:
            """
            let writes = 0;
            const full = new Promise(resolve => { window.goOn = resolve; });
            const post = Worker.prototype.postMessage;
            Worker.prototype.postMessage = async function (message, transfer) {
              if (message.operation === 'write' && ++writes > 6) await full;
              post.call(this, message, transfer);
            };
            """);
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        await ProgressAsync(page, 6);
        await SetQuotaAsync(page, 10 * Block);
        await page.EvaluateAsync("() => goOn()");
        EGoatTransfer sent = Assert.Single(await sending);
        Assert.Equal(EGoatTransferState.Failed, sent.State);
        Assert.Contains("The browser's storage is full", sent.Error, StringComparison.Ordinal);
        await Assertions.Expect(Row(page, "interrupted").Locator(".how")).ToContainTextAsync("storage is full");
        await SetQuotaAsync(page, 400 * Block);
        sent = Assert.Single(await SendAsync(path));
        Assert.True(sent.State == EGoatTransferState.Completed, sent.Error);
        Assert.InRange(sent.BytesResumed, 6 * Block, 10 * Block);
        await Assertions.Expect(Cards(page)).ToHaveCountAsync(1);
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(page, page.Locator("a.save"))));
    }

    [ProgramFact("chromium")]
    public async Task Received_and_incomplete_files_are_listed_after_a_reload_and_can_be_deleted()
    {
        (string whole, byte[] hash) = CreateFile("whole.bin", 2 * Block);
        (string cut, _) = CreateFile("cut.bin", 20 * Block);
        IPage page = await JoinAsync(stallAfter: 6);
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(whole);
        await page.ClickAsync("button.accept");
        await sending;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        Task<IReadOnlyList<EGoatTransfer>> cancelled = Room.SendFiles([cut], cancellationToken: stop.Token).Completion;
        await page.ClickAsync("button.accept");
        await ProgressAsync(page, 4);
        await stop.CancelAsync();
        await cancelled;
        await Assertions.Expect(Row(page, "interrupted")).ToHaveCountAsync(1);
        await page.ReloadAsync();
        await EnterAsync(page);
        await Assertions.Expect(Row(page, "interrupted").Locator(".what")).ToHaveTextAsync("cut.bin from ada");
        await Assertions.Expect(Row(page, "interrupted").Locator(".how")).ToHaveTextAsync("4.0 MiB of 20.0 MiB. It goes on when it is sent again.");
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(page, Row(page, "completed").Locator("a.save"))));
        await Cards(page).Locator("button.remove").First.ClickAsync();
        await Assertions.Expect(Cards(page)).ToHaveCountAsync(1);
        await Cards(page).Locator("button.remove").ClickAsync();
        await Assertions.Expect(Cards(page)).ToHaveCountAsync(0);
        Assert.Equal("[]", await StoredAsync(page));
    }

    [ProgramFact("chromium")]
    public async Task The_receiving_page_can_cancel_and_nothing_stays_behind()
    {
        (string path, _) = CreateFile("goat.bin", 20 * Block);
        IPage page = await JoinAsync(stallAfter: 2);
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        await ProgressAsync(page, 2);
        await page.ClickAsync("button.cancel");
        EGoatTransfer sent = Assert.Single(await sending);
        Assert.NotEqual(EGoatTransferState.Completed, sent.State);
        Assert.Contains("The receiver cancelled it.", sent.Error, StringComparison.Ordinal);
        await Assertions.Expect(Row(page, "cancelled")).ToHaveCountAsync(1);
    }

    [ProgramFact("chromium")]
    public async Task The_sending_page_can_cancel()
    {
        (string path, _) = CreateFile("goat.bin", 20 * Block);
        IPage page = await JoinAsync(stallAfter: 4);
        await page.SetInputFilesAsync("#file", path);
        await ProgressAsync(page, 4);
        await page.ClickAsync("button.cancel");
        EGoatTransfer received = await TransferAsync(t => t.IsEnded);
        Assert.Equal(EGoatTransferState.Cancelled, received.State);
        await Assertions.Expect(Row(page, "cancelled")).ToHaveCountAsync(1);
        await page.ReloadAsync();
        await EnterAsync(page);
        await Assertions.Expect(Cards(page)).ToHaveCountAsync(0);
    }

    [ProgramFact("chromium")]
    public async Task A_file_is_open_in_one_tab_only()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", 20 * Block);
        IPage first = await JoinAsync(stallAfter: 4);
        IPage second = await Browser!.OpenBesideAsync(first, Server.Url.ToString());
        await EnterAsync(second);
        await Room.WaitForPeersAsync(2, acceptingFiles: true, Cancelled);
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await first.ClickAsync("button.accept");
        await ProgressAsync(first, 4);
        await second.ClickAsync("button.accept");
        await Assertions.Expect(Row(second, "failed").Or(Row(second, "interrupted")).Locator(".how")).ToContainTextAsync("Another tab of this browser is receiving this file.");
        await second.CloseAsync();
        await first.ReloadAsync();
        Assert.Contains(await sending, t => t.State == EGoatTransferState.Completed);
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(first, first.Locator("a.save"))));
    }

    [ProgramFact("chromium")]
    public async Task A_folder_is_sent_with_relative_paths()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Folder, "tree", "below")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "deep.txt"), "deep", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(Folder, "tree", "top.txt"), "top", Cancelled);
        IPage page = await JoinAsync();
        await page.SetInputFilesAsync("#folder", Path.Combine(Folder, "tree"));
        await Assertions.Expect(Row(page, "completed").Locator(".what")).ToHaveTextAsync("2 files to ada");
        Assert.Equal("deep", await File.ReadAllTextAsync(Path.Combine(Inbox, "tree", "below", "deep.txt"), Cancelled));
        Assert.Equal("top", await File.ReadAllTextAsync(Path.Combine(Inbox, "tree", "top.txt"), Cancelled));
    }

    [ProgramFact("chromium")]
    public async Task Names_are_shown_so_that_nobody_is_deceived_and_saved_under_ordinary_ones()
    {
        const string hostile = "<img src=x onerror=alert(1)>\u202egpj.\u200bexe";
        (string path, byte[] hash) = CreateFile(hostile, 10);
        IPage page = await JoinAsync();
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await Assertions.Expect(Row(page, "asking").Locator(".what")).ToHaveTextAsync("ada offers <img src=x onerror=alert(1)>\\u202egpj.\\u200bexe, 10 B");
        await page.ClickAsync("button.accept");
        await sending;
        ILocator save = page.Locator("a.save");
        await Assertions.Expect(save).ToHaveAttributeAsync("download", "_img src=x onerror=alert(1)__gpj._exe");
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(page, save)));
        Assert.Matches("^\\[\"[0-9a-f]{32}\"\\]$", await StoredAsync(page));
        Assert.Empty(Browser!.Errors);
    }
}
