using System.Text.Json;
using EGoat.Mesh;
using EGoat.Testing;
using Microsoft.Playwright;

namespace EGoat.Web.Tests;

/// <summary>Peers that lie, flood and break the protocol towards the page.</summary>
public sealed class PageHostilePeerTests : PageTransferTest
{
    /// <summary>
    /// A receiver of the page's own with a sender made of the test: <c>run(manifest, frames, answer)</c> resolves to the last
    /// state that it showed, its error, and what it answered.
    /// </summary>
    private const string Harness =
        """
        async () => {
          const p = await import('/common/protocol.js');
          const { Incoming } = await import('/state/incoming.js');
          const { Storage } = await import('/effects/storage.js');
          const storage = new Storage();
          const block = new Uint8Array(p.BLOCK_SIZE).fill(7);
          const hash = await p.blockHash(block);
          const small = new Uint8Array(10).fill(7);
          const smallHash = await p.blockHash(small);
          const entry = (s, path = `f${Math.random()}`) => [{ i: 0, p: path, s }];

          async function run(manifest, frames) {
            const sent = [];
            const told = [];
            let last;
            const channel = { send: bytes => sent.push(bytes[0]), close() {} };
            const peer = { name: 'mallory', identity: 'x'.repeat(26), features: [], send: message => told.push(message) };
            const host = {
              report: transfer => {
                last = transfer;
                if (transfer.state === 'asking' && transfer.files.length > 0) incoming.decide(transfer.files.map((_, i) => i));
              },
              notice() {}, supersede() {}, discard() {}, settled() {},
            };
            const incoming = new Incoming(p.newUuid(), peer, channel, storage, host);
            const feed = frame => channel.onmessage?.({ data: frame instanceof Uint8Array ? frame.slice().buffer : frame });
            const ended = incoming.run();
            manifest.forEach(feed);
            frames.forEach(feed);
            if (frames.length === 0 && manifest.length > 0) setTimeout(() => incoming.fail('nothing more came', 'interrupted'), 500);
            await ended;
            return { state: last.state, error: last.error ?? '', told: told.map(m => m.type), isStored: sent.includes(p.Frame.STORED) };
          }

          const end = async (length, hashes) => p.endFrame(0, length, await p.fileHash(length, hashes));
          const m = entries => [p.manifestFrame(entries)];
          const data = (offset, content) => p.dataFrame(0, offset, content);
          const whole = data(0, small);
          const results = {};
          const check = async (name, manifest, frames) => { results[name] = await run(manifest, frames); };
          await check('right', m(entry(10)), [whole, p.hashFrame(0, 0, 10, smallHash), await end(10, [smallHash])]);
          await check('unknown length', m(entry(-1)), [whole, p.hashFrame(0, 0, 10, smallHash), await end(10, [smallHash])]);
          await check('more than declared', m(entry(9)), [whole]);
          await check('less than declared', m(entry(11)), [whole, p.hashFrame(0, 0, 10, smallHash), await end(10, [smallHash])]);
          await check('data past the block', m(entry(2 * p.BLOCK_SIZE)), [...Array(17)].map((_, i) => data(i * 65000, new Uint8Array(65000))));
          await check('overlap', m(entry(20)), [whole, data(5, small)]);
          await check('gap', m(entry(20)), [data(10, small)]);
          await check('duplicate', m(entry(20)), [whole, whole]);
          await check('other file', m(entry(10)), [p.dataFrame(1, 0, small)]);
          await check('wrong hash', m(entry(10)), [whole, p.hashFrame(0, 0, 10, hash)]);
          await check('wrong block number', m(entry(10)), [whole, p.hashFrame(0, 1, 10, smallHash)]);
          await check('wrong block length', m(entry(10)), [whole, p.hashFrame(0, 0, 9, smallHash)]);
          await check('hash of what is not held', m(entry(10)), [p.hashFrame(0, 0, 10, smallHash)]);
          await check('end without a hash', m(entry(10)), [whole, await end(10, [smallHash])]);
          await check('wrong file hash', m(entry(10)), [whole, p.hashFrame(0, 0, 10, smallHash), await end(10, [hash])]);
          await check('unknown frame', m(entry(10)), [Uint8Array.of(9, 0, 0, 0)]);
          await check('short frame', m(entry(10)), [Uint8Array.of(2)]);
          await check('text frame', m(entry(10)), ['hello']);
          await check('no manifest', [whole], []);
          await check('empty manifest', m([]), []);
          await check('manifest of garbage', [Uint8Array.of(1, 1, 0, 0, 0x7b)], []);
          await check('manifest of numbers', m([1]), []);
          await check('fractional size', m([{ i: 0, p: 'a', s: 0.5 }]), []);
          await check('size beyond exactness', m([{ i: 0, p: 'a', s: 2 ** 53 }]), []);
          await check('index out of order', m([{ i: 1, p: 'a', s: 1 }]), []);
          await check('size beyond the storage', m(entry(2 ** 52)), []);
          await check('no path', m([{ i: 0, s: 1 }]), []);
          await check('twice the same name', m([{ i: 0, p: 'a', s: 1 }, { i: 1, p: 'a', s: 1 }]), []);
          await check('a flood', m(entry(2 ** 30)), [...Array(600)].map((_, i) => data(i * 65520, new Uint8Array(65520))));
          await check('a flood of nothing', m(entry(2 ** 30)), [...Array(140000)].map((_, i) => data(i, small.subarray(0, 1))));
          await check('too many files', [...p.manifestFrames([...Array(10001)].map((_, i) => ({ i, p: `${i}`, s: 0 })))], []);
          return JSON.stringify(results);
        }
        """;

    [ProgramFact("chromium")]
    public async Task A_frame_out_of_place_ends_the_transfer_and_nothing_is_delivered()
    {
        IPage page = await JoinAsync();
        using JsonDocument results = JsonDocument.Parse(await page.EvaluateAsync<string>(Harness));
        var wrong = new List<string>();
        foreach (JsonProperty result in results.RootElement.EnumerateObject())
        {
            string state = result.Value.GetProperty("state").GetString()!;
            string[] told = [.. result.Value.GetProperty("told").EnumerateArray().Select(t => t.GetString()!)];
            bool isRight = result.Name is "right" or "unknown length"
                ? state == "completed" && told is ["accept", "done"]
                : state is "failed" or "interrupted" or "rejected" && told.Length > 0 && told[^1] is "cancel" or "reject";
            if (!isRight || result.Value.GetProperty("isStored").GetBoolean() != (state == "completed"))
            {
                wrong.Add(result.ToString());
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(31, results.RootElement.EnumerateObject().Count());
        Assert.Equal("rejected", results.RootElement.GetProperty("size beyond the storage").GetProperty("state").GetString());
        Assert.Contains("acknowledged", results.RootElement.GetProperty("a flood of nothing").GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    // In messages, names of people and of files, and in the files themselves.
    [ProgramFact("chromium")]
    public async Task Nothing_that_a_peer_says_is_markup_or_runs()
    {
        const string image = "<img src=x onerror=window.ran=1>";
        const string text = $"{image}<svg onload=window.ran=1></svg><script>window.ran=1</script> javascript:window.ran=1";
        const string file = "\"><svg onload=window.ran=1>.html";
        IPage page = await JoinAsync(
            script:
            """
            window.types = [];
            const create = URL.createObjectURL;
            URL.createObjectURL = blob => {
              types.push(blob.type);
              return create(blob);
            };
            """);
        Room mallory = await JoinAnotherAsync(image);
        await mallory.WaitForPeersAsync(2, acceptingFiles: true, Cancelled);
        await Assertions.Expect(page.Locator("#peers li.connected")).ToHaveCountAsync(2);
        await (await mallory.SendTextAsync(text, cancellationToken: Cancelled)).Outcome.WaitAsync(Cancelled);
        await Assertions.Expect(page.Locator("#messages .text")).ToHaveTextAsync(text);
        await Assertions.Expect(page.Locator("#messages .from")).ToContainTextAsync(image);
        await Assertions.Expect(page.Locator("#peers")).ToContainTextAsync(image);
        string path = Path.Combine(Folder, file);
        await File.WriteAllTextAsync(path, "<!doctype html><script>window.ran = 1</script>", Cancelled);
        Task<IReadOnlyList<EGoatTransfer>> sending = mallory.SendFiles(new SendFileOptions { Paths = [path], To = ["carla"] }, Cancelled).Completion;
        await Assertions.Expect(Row(page, "asking").Locator(".what")).ToHaveTextAsync($"{image} offers {file}, 46 B");
        await page.ClickAsync("button.accept");
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await sending.WaitAsync(Cancelled)).State);
        await Assertions.Expect(page.Locator("a.save")).ToHaveAttributeAsync("download", "___svg onload=window.ran=1_.html");
        Assert.Equal(["application/octet-stream"], await page.EvaluateAsync<string[]>("() => types"));
        Assert.Equal(0, await page.Locator("#messages :is(img, script, a:not(.save)), #messages .message svg, #peers img").CountAsync());
        Assert.Empty(Browser!.Errors);

        // Were it markup all the same, the policy of the page would keep it from running.
        await page.EvaluateAsync(
            """
            async markup => {
              document.querySelector('#messages').innerHTML = markup;
              const script = document.createElement('script');
              script.textContent = 'window.ran = 1';
              document.body.append(script);
              await new Promise(resolve => document.addEventListener('securitypolicyviolation', resolve, { once: true }));
            }
            """,
            text);
        Assert.True(await page.EvaluateAsync<bool>("() => window.ran === undefined"));
        Assert.Contains(Browser.Errors, e => e.Contains("Content Security Policy", StringComparison.Ordinal));
    }

    // It accepts a file, and then reads nothing, or reads and acknowledges nothing: what waits for it is bounded, and so is the wait.
    [ProgramFact("chromium")]
    public async Task A_receiver_that_does_not_do_its_part_is_dropped_and_little_waits_for_it()
    {
        IPage page = await JoinAsync();
        using JsonDocument results = JsonDocument.Parse(await page.EvaluateAsync<string>(
            """
            async () => {
              const { SendAttempt } = await import('/state/send-attempt.js');
              const { setTimeout, clearTimeout } = window;
              const MIB = 1024 * 1024;
              const file = new File([new Uint8Array(40 * MIB)], 'goat.bin');
              async function run(reads, limit) {
                const silence = new Map();
                window.setTimeout = (act, delay) => {
                  if (delay !== 60_000) return setTimeout(act, delay);
                  const id = {};
                  silence.set(id, act);
                  return id;
                };
                window.clearTimeout = id => silence.delete(id) || clearTimeout(id);
                let given = 0;
                const told = [];
                const channel = {
                  readyState: 'open', bufferedAmount: 0, close() {},
                  send(bytes) {
                    given += bytes.length;
                    if (!reads) this.bufferedAmount += bytes.length;
                  },
                };
                const peer = { name: 'mallory', features: ['frame64k'], maxMessageSize: 256 * 1024, openChannel: () => channel, send: message => told.push(message) };
                const attempt = new SendAttempt(peer, [{ path: 'goat.bin', size: file.size, lastModified: 0, file }], () => {});
                attempt.handle({ type: 'accept', id: attempt.id, files: null, have: false });
                const ended = attempt.run().catch(error => error.message);
                while (given < limit || silence.size === 0) await new Promise(resolve => setTimeout(resolve, 20));
                [...silence.values()][0]();
                return { given, error: await ended, told: told.at(-1).type };
              }
              const results = { reads: await run(true, 16 * MIB), sleeps: await run(false, MIB) };
              Object.assign(window, { setTimeout, clearTimeout });
              return JSON.stringify(results);
            }
            """));
        foreach ((string name, long limit, string error) in new[]
        {
            ("reads", 16L * Block, "The receiver has acknowledged nothing for 60 seconds."),
            ("sleeps", Block, "Nothing could be sent for 60 seconds."),
        })
        {
            JsonElement result = results.RootElement.GetProperty(name);
            Assert.InRange(result.GetProperty("given").GetInt64(), limit, limit + (Block / 8));
            Assert.Equal((error, "cancel"), (result.GetProperty("error").GetString(), result.GetProperty("told").GetString()));
        }
    }

    [ProgramFact("chromium")]
    public async Task Paths_that_lead_elsewhere_are_refused_and_downloads_get_ordinary_names()
    {
        IPage page = await JoinAsync();
        string refused = await page.EvaluateAsync<string>(
            """
            async () => {
              const { refusePaths } = await import('/common/names.js');
              const hostile = ['', '../x', 'a/../x', '/etc/x', '..\\x', 'C:\\x', 'C:x', '\\\\srv\\s', 'a//b', 'a/', '.', 'a\u0000', 'a\u001b[2J', 'a\u009b', 'a\r\n',
                'a\ud800', 'x'.repeat(256), 'é'.repeat(128), 'a/'.repeat(64) + 'a', 'x/'.repeat(2000) + 'x', 7, null];
              const passed = hostile.filter(path => refusePaths([path]) === null);
              if (refusePaths(['a', 'a/b']) === null) passed.push('both a file and a folder');
              for (const path of ['a', 'README', 'a/b/c.txt', '.profile', '[a]*?', '$(calc)', "`'\"", '-rf', 'CON', 'ÄÖ', '🐐'])
                if (refusePaths([path]) !== null) passed.push(`refused: ${path}`);
              return JSON.stringify(passed);
            }
            """);
        Assert.Equal("[]", refused);
        string[] names = await page.EvaluateAsync<string[]>(
            """
            async () => {
              const { downloadName, shownName } = await import('/common/names.js');
              return [...['a/b/c.txt', 'q"uo<te>.txt', 'a. . ', 'nul.txt', 'COM¹', 'f:ads', 'x\u202egnp.exe', 'y'.repeat(300) + '.tar', '...'].map(downloadName),
                ...['a\u200bb', 'a\u202eb', 'a\u00a0b', 'a\u3164b', 'a\u001b[2Jb', '\ud800'].map(shownName), shownName('z'.repeat(500) + '.exe').slice(-6)];
            }
            """);
        Assert.Equal(
            ["c.txt", "q_uo_te_.txt", "a", "_nul.txt", "_COM¹", "f_ads", "x_gnp.exe", new string('y', 116) + ".tar", "file",
                "a\\u200bb", "a\\u202eb", "a\\u00a0b", "a\\u3164b", "a\\u001b[2Jb", "\\ud800", "zz.exe"],
            names);
    }

    [ProgramFact("chromium")]
    public async Task More_offers_than_anybody_reads_are_rejected()
    {
        const int most = 16;
        (string path, _) = CreateFile("goat.bin", 10);
        IPage page = await JoinAsync();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        Task[] sending = [.. Enumerable.Range(0, most).Select(_ => Room.SendFiles([path], cancellationToken: stop.Token).Completion)];
        await Assertions.Expect(Row(page, "asking")).ToHaveCountAsync(most);
        EGoatTransfer refused = Assert.Single(await SendAsync(path));
        Assert.Equal((EGoatTransferState.Rejected, "The receiver rejected it: Too many transfers at once."), (refused.State, refused.Error));
        await stop.CancelAsync();
        await Task.WhenAll(sending);
        await Assertions.Expect(Row(page, "failed")).ToHaveCountAsync(most);
    }
}
