using EGoat.Testing;
using Microsoft.Playwright;

namespace EGoat.Web.Tests;

/// <summary>Pages that nobody looks at, whose timers a browser lets come late, and pages that are gone in the middle.</summary>
public sealed class PageBackgroundTests : PageTransferTest
{
    // However late they come: here never.
    [ProgramFact("chromium")]
    public async Task No_timer_is_on_the_way_of_a_transfer()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", (24 * Block) + 1);
        IPage page = await JoinAsync(script: "window.setTimeout = () => 0;");
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        EGoatTransfer sent = Assert.Single(await sending);
        Assert.True(sent.State == EGoatTransferState.Completed, sent.Error);
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(page, page.Locator("a.save"))));
        await page.SetInputFilesAsync("#file", path);
        EGoatTransfer received = await TransferAsync(t => t.IsEnded && t.Direction == EGoatDirection.Received);
        Assert.True(received.State == EGoatTransferState.Completed, received.Error);
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
    }

    [ProgramFact("chromium")]
    public async Task A_page_that_was_asleep_does_not_take_that_for_the_silence_of_others()
    {
        IPage page = await JoinAsync();
        string[] seen = await page.EvaluateAsync<string[]>(
            """
            async () => {
              const { Changes } = await import('/common/changes.js');
              let now = 0;
              const timers = [];
              const seen = [];
              performance.now = () => now;
              window.setTimeout = (act, delay) => timers.push({ act, delay });
              window.clearTimeout = () => {};
              const fire = async at => {
                now = at;
                timers.shift().act();
                for (let i = 0; i < 10; i++) await null;
                seen.push(`${at}: ${timers.map(t => t.delay)}`);
              };
              new Changes().until(() => false, 'silence').catch(error => seen.push(error.message));
              await fire(3_600_000);
              await fire(3_690_000);
              await fire(3_751_000);
              return seen;
            }
            """);
        Assert.Equal(["3600000: 60000", "3690000: 60000", "silence", "3751000: "], seen);
    }

    [ProgramTheory("chromium")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tab_that_is_gone_in_the_middle_of_a_file_goes_on_in_another(bool crashes)
    {
        const int held = 6;
        (string path, byte[] hash) = CreateFile("goat.bin", 12 * Block);
        IPage page = await JoinAsync(stallAfter: held);
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        await ProgressAsync(page, held);
        IPage other = await Browser!.OpenBesideAsync(page, "about:blank");
        if (crashes)
        {
            await Assert.ThrowsAnyAsync<PlaywrightException>(() => page.GotoAsync("chrome://crash"));
        }

        await page.CloseAsync();
        Assert.False(sending.IsCompleted);
        await other.GotoAsync(Server.Url.ToString());
        await EnterAsync(other);
        EGoatTransfer sent = Assert.Single(await sending);
        Assert.True(sent.State == EGoatTransferState.Completed, sent.Error);
        Assert.Equal((long)held * Block, sent.BytesResumed);
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(other, other.Locator("a.save"))));
    }
}
