using System.Net;
using System.Text.Json;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Testing;
using EGoat.Testing.Browser;
using Microsoft.Playwright;

namespace EGoat.Web.Tests;

/// <summary>An installation and the page in a real browser, in one room.</summary>
public abstract class PageTransferTest : IAsyncLifetime
{
    protected const int Block = TreeHash.BlockSize;

    /// <summary>
    /// Stops the page's worker or its reading of a file after so many blocks, once in the life of a browser: a reload then
    /// comes in the middle of a transfer, however fast that is.
    /// </summary>
    private const string StallScript =
        """
        (() => {
          const limit = Number(localStorage.getItem('stall') ?? 'LIMIT');
          localStorage.setItem('stall', 'Infinity');
          let writes = 0;
          const post = Worker.prototype.postMessage;
          Worker.prototype.postMessage = function (message, transfer) {
            if (message?.operation === 'write' && ++writes > limit) return;
            post.call(this, message, transfer);
          };
          let reads = 0;
          const read = Blob.prototype.arrayBuffer;
          Blob.prototype.arrayBuffer = function () {
            return ++reads > limit ? new Promise(() => {}) : read.call(this);
          };
        })();
        """;

    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(LongRun.Choose(120, 600)));
    private readonly List<IAsyncDisposable> _open = [];
    private RoomSubscription _events = null!;

    protected CancellationToken Cancelled => _limit.Token;

    protected string Folder { get; } = Directory.CreateTempSubdirectory("egoat-page-").FullName;

    protected string Inbox => Path.Combine(Folder, "inbox");

    protected SignalingServer Server { get; private set; } = null!;

    protected ChromiumBrowser? Browser { get; set; }

    protected Room Room { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        EGoatNode node = EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(Folder, "data") });
        _open.Add(node);
        Server = await node.StartSignalingAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, Cancelled);
        Room = await node.JoinAsync(
            new RoomOptions { Server = Server.Url, Room = "lobby", DisplayName = "ada", Receive = new ReceiveOptions { Destination = Inbox } }, Cancelled);
        _events = Room.Subscribe();
    }

    public async Task DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.DisposeAsync();
        }

        _events.Dispose();
        foreach (IAsyncDisposable open in _open)
        {
            await open.DisposeAsync();
        }

        _limit.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>A page that is in the room with the installation.</summary>
    /// <param name="stallAfter">After how many blocks it stands still until it is reloaded or opened again.</param>
    /// <param name="script">Runs before the scripts of the page.</param>
    /// <param name="name">Who joins.</param>
    protected async Task<IPage> JoinAsync(int? stallAfter = null, string? script = null, string name = "carla")
    {
        Browser ??= await ChromiumBrowser.LaunchAsync(profile: Path.Combine(Folder, "profile"));
        script = stallAfter is { } limit ? StallScript.Replace("LIMIT", $"{limit}", StringComparison.Ordinal) + script : script;
        IPage page = await Browser.OpenAsync(Server.Url.ToString(), script);
        await EnterAsync(page, name);
        return page;
    }

    /// <summary>Somebody else in the room, who is not asked before files are received.</summary>
    protected async Task<Room> JoinAnotherAsync(string name)
    {
        EGoatNode node = EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(Folder, $"data-{_open.Count}") });
        _open.Add(node);
        return await node.JoinAsync(
            new RoomOptions { Server = Server.Url, Room = "lobby", DisplayName = name, Receive = new ReceiveOptions { Destination = Path.Combine(Folder, $"inbox-{_open.Count}") } }, Cancelled);
    }

    /// <summary>Joins by hand; a page whose address names the room is in it already.</summary>
    protected async Task EnterAsync(IPage page, string name = "carla")
    {
        if (!page.Url.Contains("#room=", StringComparison.Ordinal))
        {
            await page.FillAsync("#name", name);
            await page.FillAsync("#room", "lobby");
            await page.ClickAsync("#join");
        }

        await ConnectedAsync(page);
    }

    protected async Task ConnectedAsync(IPage page)
    {
        await Assertions.Expect(page.Locator("#peers li.connected")).Not.ToHaveCountAsync(0);
        await Room.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
    }

    protected (string Path, byte[] Hash) CreateFile(string name, long length) => TestFile.Create(Folder, name, length);

    protected async Task<IReadOnlyList<EGoatTransfer>> SendAsync(params string[] paths) =>
        await Room.SendFiles(paths, cancellationToken: Cancelled).Completion.WaitAsync(Cancelled);

    /// <summary>Sends a folder with everything in it.</summary>
    protected async Task<IReadOnlyList<EGoatTransfer>> SendFolderAsync(string path) =>
        await Room.SendFiles(new SendFileOptions { Paths = [path], Recurse = true }, Cancelled).Completion.WaitAsync(Cancelled);

    /// <summary>What a click on Save of a row gives.</summary>
    protected async Task<string> SaveAsync(IPage page, ILocator save)
    {
        IDownload download = await page.RunAndWaitForDownloadAsync(() => save.ClickAsync());
        string path = Path.Combine(Folder, $"saved-{Guid.NewGuid():N}");
        await download.SaveAsAsync(path);
        return path;
    }

    /// <summary>The next transfer of the installation that fulfils a condition.</summary>
    protected async Task<EGoatTransfer> TransferAsync(Func<EGoatTransfer, bool> condition)
    {
        await foreach (RoomEvent e in _events.ReadAllAsync(Cancelled))
        {
            if (e is RoomTransferChanged changed && condition(changed.Transfer))
            {
                return changed.Transfer;
            }
        }

        throw new InvalidOperationException("The room was left.");
    }

    /// <summary>Runs until a task ends, and tells the most bytes that the page's scripts held meanwhile, buffers included.</summary>
    protected static async Task<long> MeasureHeapAsync(IPage page, Task until)
    {
        ICDPSession session = await page.Context.NewCDPSessionAsync(page);
        long most = 0;
        do
        {
            JsonElement usage = (await session.SendAsync("Runtime.getHeapUsage"))!.Value;
            most = Math.Max(most, (long)(usage.GetProperty("usedSize").GetDouble() + usage.GetProperty("backingStorageSize").GetDouble()));
        }
        while (await Task.WhenAny(until, Task.Delay(100)) != until);
        await session.DetachAsync();
        await until;
        return most;
    }

    /// <summary>Waits until a transfer shows so much progress.</summary>
    protected static Task ProgressAsync(IPage page, long mebibytes) =>
        Assertions.Expect(Row(page, "active").Locator(".how")).ToContainTextAsync($"{mebibytes}.0 MiB of");

    protected async Task SetQuotaAsync(IPage page, long bytes)
    {
        ICDPSession session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("Storage.overrideQuotaForOrigin", new Dictionary<string, object> { ["origin"] = Server.Url.GetLeftPart(UriPartial.Authority), ["quotaSize"] = bytes });
        // The override ends with the session, which therefore stays.
    }

    /// <summary>The names in the private file system, as JSON.</summary>
    protected static Task<string> StoredAsync(IPage page) => page.EvaluateAsync<string>(
        """
        async () => {
          const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('received', { create: true });
          return JSON.stringify(await Array.fromAsync(folder.keys()));
        }
        """);

    protected static ILocator Cards(IPage page) => page.Locator("#messages > li.card");

    protected static ILocator Row(IPage page, string state) => page.Locator($"#messages > li.card[data-state={state}]");
}
