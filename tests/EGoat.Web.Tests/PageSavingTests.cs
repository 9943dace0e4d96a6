using System.Text.Json;
using EGoat.Testing;
using EGoat.Testing.Browser;
using Microsoft.Playwright;

namespace EGoat.Web.Tests;

/// <summary>A received folder is saved as a whole into a folder that the user picks.</summary>
public sealed class PageSavingTests : PageTransferTest
{
    /// <summary>Picks a folder of the private file system, where a test can look: it takes no dialog.</summary>
    private const string Picker =
        """
        window.showDirectoryPicker = async () => (await navigator.storage.getDirectory()).getDirectoryHandle('chosen', { create: true });
        """;

    private string Tree => Path.Combine(Folder, "tree");

    [ProgramFact("chromium")]
    public async Task A_folder_is_saved_as_a_whole_beside_what_is_there()
    {
        IPage page = await ReceiveTreeAsync(Picker);
        await page.EvaluateAsync(
            """
            async () => {
              const write = async (folder, name) => {
                const writer = await (await folder.getFileHandle(name, { create: true })).createWritable();
                await writer.write('mine');
                await writer.close();
              };
              const tree = await (await showDirectoryPicker()).getDirectoryHandle('tree', { create: true });
              for (const name of ['big.bin', '.hidden', 'below']) await write(tree, name);
            }
            """);
        await page.ClickAsync("button.save-all");
        await Assertions.Expect(Row(page, "completed").Locator(".how")).ToHaveTextAsync("Saved 7 of 7 files in 'chosen'.");
        await ChromiumBrowser.ScreenshotAsync(page, "page-saved.png");
        Assert.Equal(
            new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["tree/.hidden"] = "mine",
                ["tree/.hidden (2)"] = "hidden",
                ["tree/_CON"] = "device",
                ["tree/below"] = "mine",
                ["tree/below (2)/deep.txt"] = "deep",
                ["tree/below (2)/empty"] = "",
                ["tree/big (2).bin"] = Convert.ToHexStringLower(TestFile.HashOf(Path.Combine(Tree, "big.bin"))),
                ["tree/big.bin"] = "mine",
                ["tree/q_uo_te_.txt"] = "quoted",
                ["tree/x_gnp.exe"] = "reversed",
            },
            await SavedAsync(page));

        // Once more: nothing that is there is touched. The outcome of the first time must not pass for that of the second.
        await Row(page, "completed").Locator(".how").EvaluateAsync("how => how.replaceChildren()");
        await page.ClickAsync("button.save-all");
        await Assertions.Expect(Row(page, "completed").Locator(".how")).ToHaveTextAsync("Saved 7 of 7 files in 'chosen'.");
        Assert.Equal(17, (await SavedAsync(page)).Count);
        Assert.Empty(Browser!.Errors);
    }

    [ProgramFact("chromium")]
    public async Task A_file_that_cannot_be_saved_is_named_and_leaves_nothing_behind()
    {
        IPage page = await ReceiveTreeAsync(Picker +
            """
            const create = FileSystemFileHandle.prototype.createWritable;
            FileSystemFileHandle.prototype.createWritable = async function () {
              if (this.name === 'deep.txt') throw new DOMException('The disk is full', 'QuotaExceededError');
              return create.call(this);
            };
            """);
        await page.ClickAsync("button.save-all");
        await Assertions.Expect(Row(page, "completed").Locator(".how")).ToHaveTextAsync("Saved 6 of 7 files in 'chosen'. 'tree/below/deep.txt': The disk is full.");
        Assert.Equal(
            ["tree/.hidden", "tree/_CON", "tree/below/empty", "tree/big.bin", "tree/q_uo_te_.txt", "tree/x_gnp.exe"],
            (await SavedAsync(page)).Keys);
    }

    // The content of the large file comes to a stop in its middle.
    [ProgramFact("chromium")]
    public async Task Saving_shows_its_progress_and_can_be_stopped()
    {
        IPage page = await ReceiveTreeAsync(Picker +
            """
            const open = Blob.prototype.stream;
            Blob.prototype.stream = function () {
              let left = 1024 * 1024;
              return open.call(this).pipeThrough(new TransformStream({
                transform(chunk, controller) {
                  controller.enqueue(chunk.subarray(0, left));
                  left -= chunk.length;
                  return left > 0 ? undefined : new Promise(() => {});
                },
              }));
            };
            """);
        await page.ClickAsync("button.save-all");
        await Assertions.Expect(Row(page, "completed").Locator(".how")).ToContainTextAsync("files, 1.0 MiB of 2.5 MiB");
        await Assertions.Expect(Row(page, "completed").Locator("progress")).ToBeVisibleAsync();
        await page.ClickAsync("button.stop");
        await Assertions.Expect(Row(page, "completed").Locator(".how")).ToContainTextAsync("of 7 files in 'chosen'.");
        Assert.DoesNotContain("tree/big.bin", (await SavedAsync(page)).Keys);
        await Assertions.Expect(page.Locator("button.save-all")).ToBeVisibleAsync();
    }

    [ProgramFact("chromium")]
    public async Task A_browser_without_a_picker_says_so_and_saves_one_by_one()
    {
        IPage page = await ReceiveTreeAsync("window.showDirectoryPicker = undefined;");
        ILocator row = Row(page, "completed");
        await Assertions.Expect(page.Locator("button.save-all")).ToHaveCountAsync(0);
        await row.Locator("summary").ClickAsync();
        await Assertions.Expect(row.Locator(".hint")).ToContainTextAsync("save one after another");
        await Assertions.Expect(row.Locator("a.save")).ToHaveCountAsync(7);
        string saved = await SaveAsync(page, row.Locator("li", new LocatorLocatorOptions { HasTextString = "big.bin" }).Locator("a.save"));
        Assert.Equal(TestFile.HashOf(Path.Combine(Tree, "big.bin")), TestFile.HashOf(saved));
    }

    [ProgramFact("chromium")]
    public async Task Every_file_of_a_long_list_can_be_reached()
    {
        Directory.CreateDirectory(Tree);
        for (int i = 0; i < 450; i++)
        {
            await File.WriteAllTextAsync(Path.Combine(Tree, $"{i:D3}"), "", Cancelled);
        }

        IPage page = await JoinAsync();
        Task<IReadOnlyList<EGoatTransfer>> sending = SendFolderAsync(Tree);
        ILocator row = Row(page, "asking");
        await Assertions.Expect(row.Locator(".files input")).ToHaveCountAsync(200);
        await row.Locator(".more").ClickAsync();
        await row.Locator(".more").ClickAsync();
        await Assertions.Expect(row.Locator(".files input")).ToHaveCountAsync(450);
        await Assertions.Expect(row.Locator(".more")).ToHaveCountAsync(0);
        await row.Locator(".files input").Last.UncheckAsync();
        await page.ClickAsync("button.accept-some");
        Assert.Equal(449, (await sending).Count(t => t.State == EGoatTransferState.Completed));
    }

    private async Task<IPage> ReceiveTreeAsync(string script)
    {
        Directory.CreateDirectory(Path.Combine(Tree, "below"));
        TestFile.Create(Tree, "big.bin", (2 * Block) + (Block / 2));
        foreach ((string name, string content) in new[] { (".hidden", "hidden"), ("CON", "device"), ("below/deep.txt", "deep"), ("below/empty", ""), ("q\"uo<te>.txt", "quoted"), ("x\u202egnp.exe", "reversed") })
        {
            await File.WriteAllTextAsync(Path.Combine(Tree, name), content, Cancelled);
        }

        IPage page = await JoinAsync(script: script);
        Task<IReadOnlyList<EGoatTransfer>> sending = SendFolderAsync(Tree);
        await page.ClickAsync("button.accept");
        Assert.All(await sending, t => Assert.True(t.State == EGoatTransferState.Completed, t.Error));
        await Assertions.Expect(Row(page, "completed")).ToHaveCountAsync(1);
        return page;
    }

    // The paths below the picked folder, with their content, or its hash where that is long.
    private static async Task<SortedDictionary<string, string>> SavedAsync(IPage page) => new(
        JsonSerializer.Deserialize<Dictionary<string, string>>(await page.EvaluateAsync<string>(
            """
            async () => {
              const { sha256, toHex } = await import('/common/protocol.js');
              const found = {};
              async function walk(folder, prefix) {
                for await (const entry of folder.values()) {
                  if (entry.kind === 'directory') await walk(entry, `${prefix}${entry.name}/`);
                  else {
                    const file = await entry.getFile();
                    found[prefix + entry.name] = file.size < 100 ? await file.text() : toHex(await sha256(await file.arrayBuffer()));
                  }
                }
              }
              await walk(await showDirectoryPicker(), '');
              return JSON.stringify(found);
            }
            """))!,
        StringComparer.Ordinal);
}
