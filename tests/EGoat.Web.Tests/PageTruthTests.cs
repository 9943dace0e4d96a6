using System.Net;
using EGoat.Mesh;
using EGoat.Testing;
using EGoat.Testing.Browser;
using Microsoft.Playwright;

namespace EGoat.Web.Tests;

/// <summary>What the page says of texts and files is what happened.</summary>
public sealed class PageTruthTests : PageTransferTest
{
    /// <summary>Nothing that is said can be stored until <c>heal()</c>.</summary>
    private const string Sick =
        """
        let isSick = true;
        window.heal = () => { isSick = false; };
        const add = IDBObjectStore.prototype.add;
        IDBObjectStore.prototype.add = function (...args) {
          if (isSick && this.name === 'messages') throw new DOMException('The disk is full', 'QuotaExceededError');
          return add.apply(this, args);
        };
        """;

    [ProgramFact("chromium")]
    public async Task A_check_mark_waits_for_everybody_and_a_failing_save_parts_nobody()
    {
        IPage page = await JoinAsync();
        await using ChromiumBrowser other = await ChromiumBrowser.LaunchAsync();
        IPage dora = await other.OpenAsync(Server.Url.ToString(), Sick);
        await EnterAsync(dora, "dora");
        await Assertions.Expect(page.Locator("#peers li.connected")).ToHaveCountAsync(2);
        await page.FillAsync("#text", "who has it?");
        await page.PressAsync("#text", "Enter");
        ILocator receipt = page.Locator("#messages li.own .receipt");
        await Assertions.Expect(receipt).ToHaveTextAsync("waiting for dora");
        await Assertions.Expect(receipt).ToHaveAttributeAsync("title", "ada has it\nwaiting for dora");
        await Assertions.Expect(dora.Locator("#messages .text")).ToHaveTextAsync("who has it?");
        await Assertions.Expect(dora.Locator("#messages .unkept")).ToHaveTextAsync("not kept yet");

        // What is said there goes out all the same, with the same note.
        await dora.FillAsync("#text", "all the same");
        await dora.PressAsync("#text", "Enter");
        await Assertions.Expect(page.Locator("#messages li:not(.own) .text")).ToHaveTextAsync("all the same");
        await Assertions.Expect(dora.Locator("#messages li.own .unkept")).ToHaveTextAsync("not kept yet");
        await Assertions.Expect(dora.Locator("#text")).ToHaveValueAsync("");
        await Assertions.Expect(dora.Locator("#peers li.connected")).ToHaveCountAsync(2);

        await dora.EvaluateAsync("() => heal()");
        await Assertions.Expect(receipt).ToHaveTextAsync("✓");
        await Assertions.Expect(dora.Locator("#messages .unkept").First).ToHaveTextAsync("");
        await page.ReloadAsync();
        await Assertions.Expect(receipt).ToHaveTextAsync("✓");
    }

    [ProgramFact("chromium")]
    public async Task What_somebody_has_not_got_waits_until_they_are_back()
    {
        IPage page = await JoinAsync();
        await using ChromiumBrowser other = await ChromiumBrowser.LaunchAsync(profile: Path.Combine(Folder, "dora"));
        IPage dora = await other.OpenAsync(Server.Url.ToString(), Sick.Replace("isSick = true", "isSick = !localStorage.getItem('well')", StringComparison.Ordinal));
        await EnterAsync(dora, "dora");
        await Assertions.Expect(page.Locator("#peers li.connected")).ToHaveCountAsync(2);
        await page.FillAsync("#text", "until you are back");
        await page.PressAsync("#text", "Enter");
        await Assertions.Expect(dora.Locator("#messages .unkept")).ToHaveTextAsync("not kept yet");
        await dora.EvaluateAsync("() => localStorage.setItem('well', 'yes')");
        await dora.GotoAsync("about:blank");
        ILocator receipt = page.Locator("#messages li.own .receipt");
        await Assertions.Expect(receipt).ToHaveTextAsync("waits until dora is back");

        // The sender too begins anew meanwhile.
        await page.ReloadAsync();
        await Assertions.Expect(receipt).ToHaveTextAsync("waits until dora is back");
        await dora.GotoAsync(Server.Url + "#room=lobby");
        await Assertions.Expect(receipt).ToHaveTextAsync("✓");
        await Assertions.Expect(dora.Locator("#messages .text")).ToHaveTextAsync("until you are back");
    }

    [ProgramFact("chromium")]
    public async Task A_token_of_before_asks_for_the_new_link_and_nothing_is_lost()
    {
        IPage page = await JoinAsync(script: "sessionStorage.setItem('egoat-token', sessionStorage.getItem('egoat-token') ?? 'of-before');");
        SentMessage sent = await Room.SendTextAsync("keep me", cancellationToken: Cancelled);
        await Assertions.Expect(page.Locator("#messages .text")).ToHaveTextAsync("keep me");
        await Assertions.Expect(page.Locator("#messages .unkept")).ToHaveTextAsync("not kept yet");
        await Assertions.Expect(page.Locator("#peers li.connected")).ToHaveCountAsync(1);
        await page.FillAsync("#alarms input", Server.Page);
        await page.ClickAsync("#alarms button:has-text('Use it')");
        await Assertions.Expect(page.Locator("#messages .unkept")).ToHaveTextAsync("");
        await sent.Outcome.WaitAsync(Cancelled);
        await Assertions.Expect(page.Locator("#alarms .alarm-line")).ToHaveCountAsync(0);
    }

    [ProgramFact("chromium")]
    public async Task Accepting_does_not_wait_for_the_answer_whether_data_may_stay()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", Block);
        IPage page = await JoinAsync(script: "StorageManager.prototype.persisted = async () => false; StorageManager.prototype.persist = () => new Promise(() => {});");
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await sending).State);
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(page, page.Locator("a.save"))));
    }

    [ProgramFact("chromium")]
    public async Task Files_go_once_to_each_of_two_tabs_of_one_identity()
    {
        (string path, _) = CreateFile("goat.bin", Block);
        IPage first = await JoinAsync();
        IPage second = await Browser!.OpenBesideAsync(first, Server.Url + "#room=lobby");
        await using ChromiumBrowser other = await ChromiumBrowser.LaunchAsync();
        IPage sender = await other.OpenAsync(Server.Url.ToString());
        await EnterAsync(sender, "dora");
        await Room.LeaveAsync();
        await Assertions.Expect(sender.Locator("#peers li.connected")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("carla.*2 devices"));
        await sender.SetInputFilesAsync("#file", path);
        await Assertions.Expect(Row(first, "asking")).ToHaveCountAsync(1);
        await Assertions.Expect(Row(second, "asking")).ToHaveCountAsync(1);
        await first.ClickAsync("button.accept");
        await Assertions.Expect(sender.Locator(".chip[data-state=completed]")).ToHaveCountAsync(1);
        await Assertions.Expect(Row(second, "asking")).ToHaveCountAsync(1);
        await second.ClickAsync("button.accept");
        await Assertions.Expect(Row(sender, "completed")).ToHaveCountAsync(1);
        await Assertions.Expect(sender.Locator(".chip[data-state=completed]")).ToHaveCountAsync(2);
    }

    [ProgramFact("chromium")]
    public async Task A_text_said_again_under_its_id_does_not_rewrite_the_first()
    {
        IPage page = await JoinAsync();
        string seen = await page.EvaluateAsync<string>(
            """
            async () => {
              const { Texts } = await import('/state/texts.js');
              const { Timeline } = await import('/state/timeline.js');
              const { openHistory } = await import('/effects/history.js');
              const { newUuid } = await import('/common/protocol.js');
              const [timeline, history, id, told] = [new Timeline(), openHistory(), newUuid(), []];
              const peer = identity => ({ identity, name: identity, send: m => told.push(`${m.type} to ${identity}`) });
              const texts = new Texts({ room: 'aside', name: 'me', identity: 'me' }, history, timeline, () => [], () => {});
              for (const [who, text] of [['mallory', 'first'], ['mallory', 'second'], ['bob', 'mine']]) await texts.receive(peer(who), { id, at: Date.now(), text });
              const kept = (await history.last('aside')).map(m => m.text).sort();
              texts.close();
              return [timeline.items.map(i => i.message.text), kept, told].join(' | ');
            }
            """);
        Assert.Equal("first,mine | first,mine | receipt to mallory,receipt to mallory,receipt to bob", seen);
    }

    [ProgramFact("chromium")]
    public async Task A_lost_server_is_waited_for_and_newcomers_are_met_afterwards()
    {
        IPage page = await JoinAsync();
        IPEndPoint address = new(IPAddress.Loopback, Server.Url.Port);
        await Server.StopAsync();
        await Assertions.Expect(page.Locator("#status")).ToContainTextAsync("Reconnecting");
        await Assertions.Expect(page.Locator("#peers li.connected")).ToHaveCountAsync(1);
        await using SignalingServer again = await SignalingServer.StartAsync(new SignalingServerOptions { Listen = address }, null, Cancelled);
        await page.EvaluateAsync("() => dispatchEvent(new Event('online'))");
        await Assertions.Expect(page.Locator("#status")).ToHaveTextAsync("lobby");
        await JoinAnotherAsync("bob");
        await Assertions.Expect(page.Locator("#peers li.connected .name").Filter(new() { HasTextString = "bob" })).ToHaveCountAsync(1);
    }

    [ProgramFact("chromium")]
    public async Task A_shorter_file_over_a_longer_partial_one_has_no_old_tail()
    {
        (string path, _) = CreateFile("goat.bin", 12 * Block);
        IPage page = await JoinAsync(stallAfter: 6);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        Task<IReadOnlyList<EGoatTransfer>> cancelled = Room.SendFiles([path], cancellationToken: stop.Token).Completion;
        await page.ClickAsync("button.accept");
        await ProgressAsync(page, 6);
        await stop.CancelAsync();
        await cancelled;
        await page.ReloadAsync();
        await ConnectedAsync(page);
        byte[] shorter = CreateFile("goat.bin", (2 * Block) + 9).Hash;
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await sending).State);
        await Assertions.Expect(Cards(page)).ToHaveCountAsync(1);
        Assert.Equal(shorter, TestFile.HashOf(await SaveAsync(page, page.Locator("a.save"))));
    }

    [ProgramFact("chromium")]
    public async Task What_a_peer_gives_as_a_reason_is_cut_and_cleaned()
    {
        IPage page = await JoinAsync();
        string shown = await page.EvaluateAsync<string>(
            """
            async () => {
              const { Room } = await import('/state/room.js');
              const { Timeline } = await import('/state/timeline.js');
              const { shownName } = await import('/common/names.js');
              const room = new Room('aside', 'me', {}, new Timeline());
              let shown;
              room.on('refused', (name, reason) => { shown = shownName(reason); });
              await room.received({ id: 'x', name: 'mallory' }, { type: 'bye', reason: '\u202eevil\n' + 'x'.repeat(100_000) });
              return shown;
            }
            """);
        Assert.StartsWith("\\u202eevil\\u000a", shown, StringComparison.Ordinal);
        Assert.InRange(shown.Length, 10, 200);
    }
}
