using System.Diagnostics;
using System.Text.Json.Nodes;
using EGoat.Testing;
using EGoat.Testing.Browser;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace EGoat.Cli.Tests;

/// <summary>Two processes of the program and a page in a browser, all in one room: on one machine, and on two hosts.</summary>
public sealed class ThreeParticipantsTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int MaxResidentMebibytes = 200;
    private static readonly int Scale = Environment.GetEnvironmentVariable("EGOAT_LONG") == "1" ? 16 : 1;

    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-three-").FullName;
    private readonly List<CliProcess> _processes = [];
    private ChromiumBrowser? _browser;
    private IPage _page = null!;
    private CliProcess _ada = null!;
    private CliProcess _bob = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _processes.ForEach(p => p.Dispose());
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [ProgramFact("chromium")]
    public Task On_one_machine() => TalkAsync("127.0.0.1", first: null, second: null);

    [NetworkNamespaceFact("chromium")]
    public async Task On_two_hosts_over_https_with_a_pinned_certificate()
    {
        using var hosts = new NetworkHosts();
        await TalkAsync(NetworkHosts.FirstAddress, hosts.First, hosts.Second);
    }

    private async Task TalkAsync(string address, string? first, string? second)
    {
        CliProcess serve = Start(first, "serve", "--listen", $"{address}:0", "--json");
        JsonObject listening = JsonNode.Parse(await serve.ReadLineAsync())!.AsObject();
        string url = (string)listening["url"]!;
        _ada = Chat(first, "ada", url);
        await _ada.ReadEventAsync("joined");
        _bob = Chat(second, "bob", url);
        await _bob.ReadEventAsync("join");
        _browser = await ChromiumBrowser.LaunchAsync(host: second);
        _page = await _browser.OpenAsync(url.Split('#')[0]);
        await _page.FillAsync("#name", "carla");
        await _page.FillAsync("#room", "lobby");
        await _page.ClickAsync("#join");
        await _page.WaitForSelectorAsync("#chat:not([hidden])");
        await Assertions.Expect(_page.Locator("#peers li.connected")).ToHaveCountAsync(2);
        foreach (CliProcess process in new[] { _ada, _bob })
        {
            await process.ReadEventAsync("join", e => (string?)e["name"] == "carla");
        }

        await EachTextReachesBothOthersAsync();
        await EachFileReachesBothOthersAsync();
        foreach (CliProcess process in new[] { _ada, _bob })
        {
            int peak = process.PeakResidentMebibytes;
            output.WriteLine($"resident at most: {peak} MiB");
            Assert.InRange(peak, 1, MaxResidentMebibytes);
            process.WriteLine("/quit");
            (int exitCode, _, string errors) = await process.EndAsync();
            Assert.True(exitCode == 0, errors);
        }

        Assert.Empty(_browser.Errors);
    }

    private async Task EachTextReachesBothOthersAsync()
    {
        await MeasureAsync("text from ada", async () =>
        {
            _ada.WriteLine("from ada");
            await _bob.ReadEventAsync("message", e => (string?)e["text"] == "from ada");
            await Assertions.Expect(_page.GetByText("from ada", new() { Exact = true })).ToBeVisibleAsync();
        });
        await MeasureAsync("text from bob", async () =>
        {
            _bob.WriteLine("from bob");
            await _ada.ReadEventAsync("message", e => (string?)e["text"] == "from bob");
            await Assertions.Expect(_page.GetByText("from bob", new() { Exact = true })).ToBeVisibleAsync();
        });
        await MeasureAsync("text from the page", async () =>
        {
            await _page.FillAsync("#text", "from the page");
            await _page.ClickAsync("#send");
            await _ada.ReadEventAsync("message", e => (string?)e["text"] == "from the page");
            await _bob.ReadEventAsync("message", e => (string?)e["text"] == "from the page");
        });
    }

    private async Task EachFileReachesBothOthersAsync()
    {
        (string fromAda, byte[] adaHash) = TestFile.Create(_folder, "from-ada.bin", Scale * 16L * 1024 * 1024);
        await MeasureAsync("file from ada", async () =>
        {
            _ada.WriteLine($"/send {fromAda}");
            await _page.ClickAsync("#messages button.accept");
            Assert.Equal(adaHash, TestFile.HashOf(await ReceivedAsync(_bob, "from-ada.bin")));
            IDownload download = await _page.RunAndWaitForDownloadAsync(() => _page.ClickAsync("#messages a.save", new() { Timeout = Scale * 30_000 }));
            string saved = Path.Combine(_folder, "saved.bin");
            await download.SaveAsAsync(saved);
            Assert.Equal(adaHash, TestFile.HashOf(saved));
        });

        (string fromPage, byte[] pageHash) = TestFile.Create(_folder, "from-page.bin", Scale * 4L * 1024 * 1024);
        await MeasureAsync("file from the page", async () =>
        {
            await _page.SetInputFilesAsync("#file", fromPage);
            Assert.Equal(pageHash, TestFile.HashOf(await ReceivedAsync(_ada, "from-page.bin")));
            Assert.Equal(pageHash, TestFile.HashOf(await ReceivedAsync(_bob, "from-page.bin")));
        });
    }

    private static async Task<string> ReceivedAsync(CliProcess process, string name)
    {
        JsonObject transfer = await process.ReadEventAsync("transfer", e => (string?)e["name"] == name);
        Assert.True((string?)transfer["state"] == "Completed", (string?)transfer["error"]);
        return (string)transfer["path"]!;
    }

    // Told, not judged: how long things take here says nothing about the code being right.
    private async Task MeasureAsync(string what, Func<Task> action)
    {
        long start = Stopwatch.GetTimestamp();
        await action();
        output.WriteLine($"{what}: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
    }

    private CliProcess Chat(string? host, string name, string url) =>
        Start(host, "chat", "--server", url, "--room", "lobby", "--name", name, "--output", Path.Combine(_folder, $"{name}-inbox"), "--commands", "--json");

    private CliProcess Start(string? host, params string[] arguments)
    {
        string home = Path.Combine(_folder, $"home-{_processes.Count}");
        CliProcess process = CliProcess.StartIn(host is null ? [] : NetworkHosts.On(host), home, arguments);
        _processes.Add(process);
        return process;
    }
}
