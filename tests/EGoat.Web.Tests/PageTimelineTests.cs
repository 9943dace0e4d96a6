using System.Text.Json;
using EGoat.Mesh;
using EGoat.Testing;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace EGoat.Web.Tests;

/// <summary>One timeline of texts and files, and where one writes.</summary>
public sealed class PageTimelineTests(ITestOutputHelper output) : PageTransferTest
{
    private const int MostRows = 200;

    [ProgramFact("chromium")]
    public async Task Line_breaks_arrive_and_what_is_too_long_stays_in_the_box()
    {
        IPage page = await JoinAsync();
        using RoomSubscription events = Room.Subscribe();
        await page.FillAsync("#text", "first");
        await page.PressAsync("#text", "Shift+Enter");
        await page.Keyboard.TypeAsync("second");
        await page.PressAsync("#text", "Enter");
        await foreach (RoomEvent e in events.ReadAllAsync(Cancelled))
        {
            if (e is RoomMessageReceived received)
            {
                Assert.Equal("first\nsecond", received.Message.Text);
                break;
            }
        }

        string tooLong = new('ä', 20_000);
        await page.FillAsync("#text", tooLong);
        await Assertions.Expect(page.Locator("#length")).ToContainTextAsync("too long");
        await page.PressAsync("#text", "Enter");
        await Assertions.Expect(page.Locator("#text")).ToHaveValueAsync(tooLong);
        await Assertions.Expect(page.Locator("#messages li.own")).ToHaveCountAsync(1);

        // A draft is there after a reload.
        await page.FillAsync("#text", "not yet");
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#text")).ToHaveValueAsync("not yet");
    }

    [ProgramFact("chromium")]
    public async Task Where_one_reads_stays_where_it_is_when_something_comes()
    {
        IPage page = await JoinAsync();
        await SayAsync(40);
        await Assertions.Expect(page.Locator("#messages .text").Last).ToBeInViewportAsync();
        double top = await page.EvaluateAsync<double>(
            """
            async () => {
              const list = document.querySelector('#messages');
              list.scrollTop = 200;
              await new Promise(resolve => list.addEventListener('scroll', resolve, { once: true }));
              return list.scrollTop;
            }
            """);
        await SayAsync(1);
        await Assertions.Expect(page.Locator("#below")).ToHaveTextAsync("1 new below");
        Assert.Equal(top, await page.EvaluateAsync<double>("() => document.querySelector('#messages').scrollTop"));
        await page.ClickAsync("#below");
        await Assertions.Expect(page.Locator("#messages .text").Last).ToBeInViewportAsync();
        await Assertions.Expect(page.Locator("#below")).ToBeHiddenAsync();
        await SayAsync(1);
        await Assertions.Expect(page.Locator("#messages .text").Last).ToBeInViewportAsync();
    }

    [ProgramFact("chromium")]
    public async Task Offers_that_wait_are_in_sight_on_a_phone_wherever_one_reads()
    {
        (string path, _) = CreateFile("goat.bin", 10);
        IPage page = await JoinAsync();
        await page.SetViewportSizeAsync(390, 600);
        await SayAsync(20);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        Task[] sending = [.. Enumerable.Range(0, 4).Select(_ => Room.SendFiles([path], cancellationToken: stop.Token).Completion)];
        await Assertions.Expect(page.Locator("#offers")).ToContainTextAsync("4 offers wait for your answer.");
        await page.EvaluateAsync("() => { document.querySelector('#messages').scrollTop = 0; }");
        await Assertions.Expect(page.Locator("#offers .show")).ToBeInViewportAsync();
        await page.ClickAsync("#offers .show");
        await Assertions.Expect(Row(page, "asking").First.Locator("button.accept")).ToBeInViewportAsync();
        await stop.CancelAsync();
        await Task.WhenAll(sending);
        await Assertions.Expect(page.Locator("#offers")).ToBeHiddenAsync();
    }

    [ProgramFact("chromium")]
    public async Task A_pasted_image_is_sent_and_a_received_one_is_drawn()
    {
        IPage page = await JoinAsync();
        await page.EvaluateAsync(
            """
            async () => {
              const canvas = Object.assign(document.createElement('canvas'), { width: 30, height: 20 });
              canvas.getContext('2d').fillRect(0, 0, 30, 20);
              const picture = await new Promise(resolve => canvas.toBlob(resolve));
              const clipboardData = new DataTransfer();
              clipboardData.items.add(new File([picture], 'pasted.png', { type: 'image/png' }));
              document.querySelector('#text').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
            }
            """);
        await Assertions.Expect(Row(page, "completed").Locator(".what")).ToHaveTextAsync("pasted.png to ada");
        await SendAcceptedAsync(page, Path.Combine(Inbox, "pasted.png"));
        await Assertions.Expect(page.Locator(".card canvas.thumbnail")).ToHaveCountAsync(1);
    }

    [ProgramFact("chromium")]
    public async Task A_finished_file_stays_when_the_same_comes_again()
    {
        (string path, byte[] hash) = CreateFile("goat.bin", Block);
        IPage page = await JoinAsync();
        await SendAcceptedAsync(page, path);
        await SendAcceptedAsync(page, path);
        await Assertions.Expect(Row(page, "completed")).ToHaveCountAsync(2);
        await page.ReloadAsync();
        await Assertions.Expect(Row(page, "completed")).ToHaveCountAsync(2);
        await Row(page, "completed").First.Locator("button.remove").ClickAsync();
        await Assertions.Expect(Row(page, "completed")).ToHaveCountAsync(1);
        Assert.Equal(hash, TestFile.HashOf(await SaveAsync(page, page.Locator("a.save"))));
        await Row(page, "completed").Locator("button.remove").ClickAsync();
        await Assertions.Expect(Cards(page)).ToHaveCountAsync(0);
        Assert.Equal("[]", await StoredAsync(page));
    }

    [ProgramFact("chromium")]
    public async Task Ten_thousand_messages_open_at_the_newest_and_few_of_them_are_in_the_document()
    {
        const int count = 10_000;
        IPage page = await JoinAsync();
        await page.EvaluateAsync(
            """
            async count => {
              const { transact } = await import('/effects/database.js');
              const at = i => new Date(Date.now() - (count - i) * 60_000).toISOString();
              await transact('messages', 'readwrite', store => {
                for (let i = 0; i < count; i++) store.add({ id: `id-${i}`, room: 'lobby', from: 'bob', fromIdentity: 'b'.repeat(26), text: `number ${i}`, sentAt: at(i), receivedAt: at(i), direction: 'Received', private: false });
              });
            }
            """,
            count);
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#messages .text").Last).ToHaveTextAsync($"number {count - 1}");
        await Assertions.Expect(page.Locator("#messages .text").Last).ToBeInViewportAsync();
        string opened = await page.EvaluateAsync<string>("() => `${Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime)} ms to the first paint`");
        output.WriteLine(opened);
        int most = await page.EvaluateAsync<int>(
            """
            async () => {
              const list = document.querySelector('#messages');
              let most = 0;
              for (let step = 0; step < 60; step++) {
                list.scrollTop -= 700;
                await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
                most = Math.max(most, list.childElementCount);
              }
              return most;
            }
            """);
        Assert.InRange(most, 50, MostRows);
        string first = await page.Locator("#messages .text").First.InnerTextAsync();
        Assert.True(int.Parse(first["number ".Length..], System.Globalization.CultureInfo.InvariantCulture) < count - 250, first);

        // What is looked for is found wherever it is.
        await page.ClickAsync("#find");
        await page.FillAsync("#search-text", $"number {count - 1000}");
        await page.ClickAsync("#found button");
        await Assertions.Expect(page.Locator("#messages .text", new() { HasTextString = $"number {count - 1000}" })).ToBeInViewportAsync();
        Assert.InRange(await page.Locator("#messages > li").CountAsync(), 50, MostRows);
    }

    [ProgramFact("chromium")]
    public async Task Links_and_code_are_made_of_what_was_written_and_of_nothing_else()
    {
        IPage page = await JoinAsync();
        using JsonDocument made = JsonDocument.Parse(await page.EvaluateAsync<string>(
            """
            async () => {
              const { richText } = await import('/views/rich-text.js');
              const show = text => {
                const box = document.createElement('div');
                box.append(...richText(text, () => {}));
                return [box.querySelectorAll('a').length, ...[...box.querySelectorAll('a')].map(a => a.getAttribute('href')), box.querySelectorAll('code').length];
              };
              return JSON.stringify([
                'see https://example.org/a?b=c#d, then (http://x.y).', 'javascript:alert(1) data:text/html,x vbscript:x', 'mailto:a@b.c and `https://in.code`',
                '```\nhttps://in.block\n```', 'https://', 'https://"onmouseover=alert(1)', 'https://exam\u202eple.org',
              ].map(show));
            }
            """));
        Assert.Equal(
            """[[2,"https://example.org/a?b=c#d","http://x.y",0],[0,0],[1,"mailto:a@b.c",1],[0,1],[0,0],[0,0],[1,"https://exam",0]]""",
            JsonSerializer.Serialize(made.RootElement));
        string text = "a link https://example.org and `code`";
        await (await Room.SendTextAsync(text, cancellationToken: Cancelled)).Outcome.WaitAsync(Cancelled);
        await Assertions.Expect(page.Locator("#messages .text a")).ToHaveAttributeAsync("rel", "noopener noreferrer");
        await Assertions.Expect(page.Locator("#messages .text")).ToHaveTextAsync("a link https://example.org and code");
    }

    [ProgramFact("chromium")]
    public async Task Names_with_joiners_are_shown_as_they_are_written()
    {
        IPage page = await JoinAsync();
        string[] shown = await page.EvaluateAsync<string[]>(
            """
            async () => {
              const { shownName } = await import('/common/names.js');
              return ['👨‍👩‍👧', '❤️‍🔥', 'می‌خواهم', 'क्‍ष', 'a\u200db', '\u200d', 'x\u200c', 'z' + '\u0301'.repeat(100)].map(shownName);
            }
            """);
        Assert.Equal(["👨‍👩‍👧", "❤️‍🔥", "می‌خواهم", "क्‍ष", "a\\u200db", "\\u200d", "x\\u200c", "z\u0301\u0301\u0301\u0301"], shown);
    }

    [ProgramFact("chromium")]
    public async Task Everything_can_be_reached_by_keyboard_and_shows_where_one_is()
    {
        IPage page = await JoinAsync();
        await page.SetViewportSizeAsync(640, 400);
        Assert.InRange(await page.EvaluateAsync<int>("() => document.querySelector('#messages').clientHeight"), 180, 400);
        await page.SetViewportSizeAsync(960, 600);
        string[] unmarked = await page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll('button, input, textarea, summary, [tabindex]')].filter(e => e.checkVisibility()).filter(e => {
              e.focus({ focusVisible: true });
              const shown = getComputedStyle(e.matches('input[type=file]') ? e.parentElement : e);
              return document.activeElement !== e || shown.outlineStyle === 'none' || parseFloat(shown.outlineWidth) < 2;
            }).map(e => e.outerHTML.slice(0, 80))
            """);
        Assert.Empty(unmarked);
        string[] nameless = await page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll('button, input, textarea, summary')].filter(e => e.checkVisibility()).filter(e =>
              !e.textContent.trim() && !e.getAttribute('aria-label') && !e.labels?.length).map(e => e.outerHTML.slice(0, 80))
            """);
        Assert.Empty(nameless);
    }

    private async Task SayAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            await (await Room.SendTextAsync($"text {i}", cancellationToken: Cancelled)).Outcome.WaitAsync(Cancelled);
        }
    }

    private async Task SendAcceptedAsync(IPage page, string path)
    {
        Task<IReadOnlyList<EGoatTransfer>> sending = SendAsync(path);
        await page.ClickAsync("button.accept");
        EGoatTransfer sent = Assert.Single(await sending);
        Assert.True(sent.State == EGoatTransferState.Completed, sent.Error);
    }
}
