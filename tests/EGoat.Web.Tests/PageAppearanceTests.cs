using EGoat.Testing;
using EGoat.Testing.Browser;
using Microsoft.Playwright;

namespace EGoat.Web.Tests;

/// <summary>What the page shows of transfers fits and can be read, on a desk and on a phone, by day and by night.</summary>
public sealed class PageAppearanceTests : PageTransferTest
{
    /// <summary>Shows a transfer in each of its states, with names that are hard on a layout.</summary>
    private const string Show =
        """
        async () => {
          const { Card } = await import('/views/card.js');
          const MIB = 1024 * 1024;
          const transfers = { content: async () => new Blob(['x']) };
          const long = 'a-name-without-any-place-to-break-it-'.repeat(5) + '.tar.gz';
          const folder = ['photos/2026/IMG_0001.jpg', `photos/${long}`, 'photos/notes.txt'].map((path, i) => ({ path, length: (i + 1) * 7 * MIB, isWanted: i < 2, file: i < 2 ? path : undefined }));
          const file = path => [{ path, length: 700 * MIB, file: path }];
          let key = 0;
          const show = transfer => {
            const shown = { key: `${key++}`, isOwn: false, identity: 'x'.repeat(26), peer: 'ada@a-machine-with-a-long-name.example', before: 0, transferred: 0, resumed: 0, length: 42 * MIB, files: folder, ...transfer };
            if (shown.state !== 'completed') shown.files = shown.files.map(f => ({ ...f, file: undefined }));
            const item = { key: shown.key, kind: 'file', at: Date.now(), transfers: new Map([[shown.key, shown]]) };
            const card = new Card(item, transfers, () => {});
            card.show(item);
            document.querySelector('#messages').append(card.element);
          };
          show({ state: 'asking' });
          show({ state: 'asking', files: file(long), length: 700 * MIB });
          show({ state: 'active', transferred: 17 * MIB, resumed: 4 * MIB, canPause: true });
          show({ state: 'active', isOwn: true, files: file('goat.iso'), length: 700 * MIB, transferred: 70 * MIB, canPause: true });
          show({ state: 'paused', isOwn: true, files: file(long), length: 700 * MIB, transferred: 70 * MIB, canPause: true, isPaused: true });
          show({ state: 'completed', transferred: 38 * MIB, resumed: 4 * MIB });
          show({ state: 'completed', files: file(long), length: 700 * MIB, transferred: 700 * MIB });
          show({ state: 'interrupted', files: file('goat.iso'), length: 700 * MIB, before: 350 * MIB, error: 'It goes on when it is sent again.' });
          show({ state: 'needs-file', isOwn: true, hasHandles: true, error: 'It was interrupted.' });
          show({ state: 'failed', error: `The transfer is refused: the name '${long}' is refused: a part is longer than 255 bytes.` });
          show({ state: 'rejected', isOwn: true, error: 'The receiver rejected it: They do not want it.' });
          document.querySelectorAll('.card details').forEach(details => { details.open = true; });
          document.querySelector('#messages').append(Object.assign(document.createElement('li'), { className: 'notice', textContent: 'A notice' }));
        }
        """;

    /// <summary>Everything that lies beyond the window or upon something else, is too pale, or too small for a finger.</summary>
    private const string Look =
        """
        () => {
          const problems = [];
          const say = (what, element, more) => problems.push(`${what}: ${element.tagName}.${element.className} '${element.textContent.trim().slice(0, 40)}' ${more}`);
          const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
          // What colors over one another come to.
          const mixed = colors => {
            for (const color of ['white', ...colors]) {
              pen.fillStyle = color;
              pen.fillRect(0, 0, 1, 1);
            }
            return [...pen.getImageData(0, 0, 1, 1).data];
          };
          const luminance = colors => {
            const [r, g, b] = mixed(colors).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const grounds = element => {
            const colors = [];
            for (let at = element; at; at = at.parentElement) colors.unshift(getComputedStyle(at).backgroundColor);
            return colors;
          };
          if (document.documentElement.scrollWidth > innerWidth) problems.push(`the page is ${document.documentElement.scrollWidth} wide`);
          for (const element of document.querySelectorAll('body *')) {
            if (!element.checkVisibility() || element.matches('input[type=file]')) continue;
            const { left, right, height } = element.getBoundingClientRect();
            if (left < -0.5 || right > innerWidth + 0.5) say('beyond the window', element, `${left} to ${right}`);
            if (element.matches('button, .button, summary, .file') && height < 24) say('small', element, height);
            if (![...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim())) continue;
            const [a, b] = [luminance([getComputedStyle(element).color]), luminance(grounds(element))];
            const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (contrast < 4.5) say('pale', element, contrast.toFixed(2));
          }
          for (const row of document.querySelectorAll('.card .frame')) {
            const parts = [...row.children].filter(part => part.checkVisibility() && part.childNodes.length > 0).map(part => [part, part.getBoundingClientRect()]);
            for (const [i, [part, a]] of parts.entries()) {
              for (const [other, b] of parts.slice(i + 1)) {
                if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5) say('upon another', part, other.className);
              }
            }
          }
          return problems;
        }
        """;

    [ProgramFact("chromium")]
    public async Task Transfers_fit_and_can_be_read()
    {
        IPage page = await JoinAsync();
        await (await Room.SendTextAsync("Are these the photos of the goats? 🐐", cancellationToken: Cancelled)).Outcome.WaitAsync(Cancelled);
        await page.EvaluateAsync(Show);
        await Assertions.Expect(Cards(page)).ToHaveCountAsync(11);
        await Assertions.Expect(page.Locator("#messages a.save")).ToHaveCountAsync(3);
        var problems = new List<string>();
        foreach ((int width, int height) in new[] { (960, 800), (390, 844), (320, 568) })
        {
            foreach (ColorScheme scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await page.SetViewportSizeAsync(width, height);
                await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
                await ChromiumBrowser.ScreenshotAsync(page, $"page-{width}-{scheme}.png");
                problems.AddRange((await page.EvaluateAsync<string[]>(Look)).Select(p => $"{width} {scheme}: {p}"));
            }
        }

        Assert.Empty(problems);
    }
}
