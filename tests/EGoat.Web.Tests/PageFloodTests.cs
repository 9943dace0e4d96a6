using EGoat.Mesh;
using EGoat.Testing;
using Microsoft.Playwright;

namespace EGoat.Web.Tests;

/// <summary>Peers that offer more than anybody can answer: the page stays usable, and its user gets rid of them.</summary>
public sealed class PageFloodTests : PageTransferTest
{
    private const int MostPerPeer = 16;

    /// <summary>What the page lists of transfers that brought nothing.</summary>
    private const int MostIdle = 20;

    [ProgramFact("chromium")]
    public async Task Hundreds_of_offers_are_bounded_and_rejected_with_one_click()
    {
        (string path, _) = CreateFile("goat.bin", 10);
        IPage page = await JoinAsync();
        Task<IReadOnlyList<EGoatTransfer>>[] sending = [.. Enumerable.Range(0, 200).Select(_ => SendAsync(path))];
        ILocator offers = page.Locator("#offers");
        await Assertions.Expect(offers).ToContainTextAsync($"{MostPerPeer} offers wait for your answer.");
        int waiting = MostPerPeer;
        while (sending.Count(s => !s.IsCompleted) > waiting)
        {
            await Task.WhenAny(sending.Where(s => !s.IsCompleted));
        }

        await Assertions.Expect(Cards(page)).ToHaveCountAsync(MostPerPeer);

        // The page is as usable as before.
        await page.FillAsync("#text", "please stop");
        await page.ClickAsync("#send");
        await Assertions.Expect(page.Locator("#messages li.own .receipt")).ToHaveTextAsync("✓");
        await offers.Locator("button.reject-all").ClickAsync();
        IReadOnlyList<EGoatTransfer>[] sent = await Task.WhenAll(sending);
        Assert.All(sent, s => Assert.Equal(EGoatTransferState.Rejected, Assert.Single(s).State));
        Assert.Equal(MostPerPeer, sent.Count(s => s[0].Error == "The receiver rejected it: They do not want it."));
        await Assertions.Expect(offers).ToBeHiddenAsync();
        await Assertions.Expect(Row(page, "rejected")).ToHaveCountAsync(MostPerPeer);
        Assert.Empty(Browser!.Errors);
    }

    [ProgramFact("chromium")]
    public async Task Offers_that_are_withdrawn_do_not_fill_the_list()
    {
        (string path, _) = CreateFile("goat.bin", 10);
        IPage page = await JoinAsync();
        for (int round = 0; round < 4; round++)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
            Task[] sending = [.. Enumerable.Range(0, MostPerPeer).Select(_ => Room.SendFiles([path], cancellationToken: stop.Token).Completion)];
            await Assertions.Expect(Row(page, "asking")).ToHaveCountAsync(MostPerPeer);
            await stop.CancelAsync();
            await Task.WhenAll(sending);
            await Assertions.Expect(Row(page, "asking")).ToHaveCountAsync(0);
            await Assertions.Expect(Row(page, "failed")).ToHaveCountAsync(round == 0 ? MostPerPeer : MostIdle);
        }
    }

    [ProgramFact("chromium")]
    public async Task Files_of_a_peer_are_refused_until_they_are_taken_again()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", 10);
        IPage page = await JoinAsync();
        Task<IReadOnlyList<EGoatTransfer>> waiting = SendAsync(path);
        await Assertions.Expect(Row(page, "asking")).ToHaveCountAsync(1);
        ILocator menu = page.Locator("#peers .menu summary");
        ILocator refuse = page.Locator("#peers .refuse");
        await menu.ClickAsync();
        await refuse.ClickAsync();
        Assert.Equal(EGoatTransferState.Rejected, Assert.Single(await waiting).State);
        EGoatTransfer refused = Assert.Single(await SendAsync(path));
        Assert.Equal((EGoatTransferState.Rejected, "The receiver rejected it: They do not want it."), (refused.State, refused.Error));
        await Assertions.Expect(Cards(page)).ToHaveCountAsync(1);
        await Assertions.Expect(refuse).ToHaveTextAsync("Take files again");
        await menu.ClickAsync();
        await refuse.ClickAsync();
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await sending).State);
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(page, page.Locator("a.save"))));
    }
}
