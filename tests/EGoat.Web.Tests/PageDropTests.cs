using EGoat.Mesh;
using EGoat.Testing;
using Microsoft.Playwright;

namespace EGoat.Web.Tests;

/// <summary>Files and folders that are dropped on the page.</summary>
public sealed class PageDropTests : PageTransferTest
{
    private string Tree => Path.Combine(Folder, "tree");

    // A true drop, as from a file manager.
    [ProgramFact("chromium")]
    public async Task A_folder_and_a_file_dropped_together_are_sent_with_relative_paths()
    {
        CreateTree();
        (string path, byte[] hash) = CreateFile("goat.bin", Block + 5);
        IPage page = await JoinAsync();
        await DropAsync(page, "#messages", Tree, path);
        await Assertions.Expect(Row(page, "completed").Locator(".what")).ToHaveTextAsync("3 files to ada");
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));
        AssertTree();
        await Assertions.Expect(page.Locator("#drop")).ToBeHiddenAsync();
        Assert.Empty(Browser!.Errors);
    }

    [ProgramFact("chromium")]
    public async Task A_drop_beside_the_timeline_is_sent_too()
    {
        CreateTree();
        IPage page = await JoinAsync();
        await DropAsync(page, "header", Path.Combine(Tree, "top.txt"));
        await Assertions.Expect(Row(page, "completed").Locator(".what")).ToHaveTextAsync("top.txt to ada");
        Assert.Equal("top", await File.ReadAllTextAsync(Path.Combine(Inbox, "top.txt"), Cancelled));
    }

    [ProgramFact("chromium")]
    public async Task A_drop_on_a_person_goes_to_that_person_and_one_on_the_room_can_be_taken_back()
    {
        CreateTree();
        IPage page = await JoinAsync();
        Room bob = await JoinAnotherAsync("bob");
        await bob.WaitForPeersAsync(2, acceptingFiles: true, Cancelled);
        await Assertions.Expect(page.Locator("#peers li.connected")).ToHaveCountAsync(2);
        await DropAsync(page, "#messages", Path.Combine(Tree, "top.txt"));
        await page.ClickAsync("button.take-back");
        await DropAsync(page, "#peers li:has-text('bob')", Path.Combine(Tree, "below", "deep.txt"));
        await Assertions.Expect(Row(page, "completed").Locator(".what")).ToHaveTextAsync("deep.txt to bob");
        await Assertions.Expect(Cards(page)).ToHaveCountAsync(1);
        Assert.False(File.Exists(Path.Combine(Inbox, "deep.txt")));
    }

    [ProgramFact("chromium")]
    public async Task A_folder_without_files_is_said_to_be_empty()
    {
        IPage page = await JoinAsync();
        await DropAsync(page, "#messages", Directory.CreateDirectory(Tree).FullName);
        await Assertions.Expect(page.Locator("#messages li.problem")).ToHaveTextAsync("There are no files in it.");
    }

    // Browsers without handles give entries, a hundred of a folder at a time.
    [ProgramFact("chromium")]
    public async Task A_folder_is_sent_by_a_browser_that_gives_no_handles()
    {
        CreateTree();
        IPage page = await JoinAsync(
            script:
            """
            delete DataTransferItem.prototype.getAsFileSystemHandle;
            const file = (name, text) => ({ name, isDirectory: false, file: resolve => resolve(new File([text], name)) });
            const folder = (name, ...portions) => ({
              name, isDirectory: true,
              createReader: () => ({ readEntries: resolve => resolve(portions.shift() ?? []) }),
            });
            DataTransferItem.prototype.webkitGetAsEntry = () =>
              folder('tree', [file('top.txt', 'top')], [folder('below', [file('deep.txt', 'deep')])]);
            """);
        await page.EvaluateAsync(
            """
            () => {
              const dataTransfer = new DataTransfer();
              dataTransfer.items.add(new File([], 'tree'));
              document.querySelector('#messages').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
            }
            """);
        await Assertions.Expect(Row(page, "completed").Locator(".what")).ToHaveTextAsync("2 files to ada");
        AssertTree();
    }

    private void CreateTree()
    {
        Directory.CreateDirectory(Path.Combine(Tree, "below"));
        File.WriteAllText(Path.Combine(Tree, "below", "deep.txt"), "deep");
        File.WriteAllText(Path.Combine(Tree, "top.txt"), "top");
    }

    private void AssertTree()
    {
        Assert.Equal("deep", File.ReadAllText(Path.Combine(Inbox, "tree", "below", "deep.txt")));
        Assert.Equal("top", File.ReadAllText(Path.Combine(Inbox, "tree", "top.txt")));
    }

    private static async Task DropAsync(IPage page, string target, params string[] paths)
    {
        LocatorBoundingBoxResult box = (await page.Locator(target).BoundingBoxAsync())!;
        ICDPSession session = await page.Context.NewCDPSessionAsync(page);
        foreach (string type in new[] { "dragEnter", "dragOver", "drop" })
        {
            await session.SendAsync("Input.dispatchDragEvent", new Dictionary<string, object>
            {
                ["type"] = type,
                ["x"] = box.X + (box.Width / 2),
                ["y"] = box.Y + (box.Height / 2),
                ["data"] = new Dictionary<string, object> { ["items"] = Array.Empty<object>(), ["files"] = paths, ["dragOperationsMask"] = 1 },
            });
        }
    }
}
