using Microsoft.Playwright;

namespace EGoat.Testing.Browser;

/// <summary>The Chromium of this machine, without a window.</summary>
public sealed class ChromiumBrowser : IAsyncDisposable
{
    private const float TimeoutMilliseconds = 30_000;

    // Nothing that talks to the world by itself; QUIC would only add sockets.
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private static readonly ViewportSize Viewport = new() { Width = 960, Height = 600 };

    private readonly IPlaywright _playwright;
    private readonly IBrowser? _browser;
    /// <summary>The storage of all pages, on disk; null when each page has its own, in memory.</summary>
    private readonly IBrowserContext? _profile;
    private readonly string? _wrapper;

    private ChromiumBrowser(IPlaywright playwright, IBrowser? browser, IBrowserContext? profile, string? wrapper)
    {
        _playwright = playwright;
        _browser = browser;
        _profile = profile;
        _wrapper = wrapper;
    }

    /// <summary>What the pages wrote to their consoles as errors, and what they threw.</summary>
    public List<string> Errors { get; } = [];

    /// <param name="hidesAddresses">Whether pages see names that end in <c>.local</c> instead of this machine's addresses, as is the default of browsers.</param>
    /// <param name="host">The network namespace to run in, or null for this one.</param>
    /// <param name="profile">The folder where pages store, as for people; null keeps that in memory, apart for each page.</param>
    public static async Task<ChromiumBrowser> LaunchAsync(bool hidesAddresses = true, string? host = null, string? profile = null)
    {
        string chromium = ProgramFactAttribute.Find("chromium") ?? throw new InvalidOperationException("chromium is not on PATH.");
        string? wrapper = host is null ? null : CreateWrapper(host, chromium);
        IPlaywright playwright = await Playwright.CreateAsync();
        string[] arguments = hidesAddresses ? Arguments : [.. Arguments, "--disable-features=WebRtcHideLocalIpsWithMdns"];
        Assertions.SetDefaultExpectTimeout(TimeoutMilliseconds);
        if (profile is not null)
        {
            IBrowserContext storage = await playwright.Chromium.LaunchPersistentContextAsync(
                profile, new BrowserTypeLaunchPersistentContextOptions { ExecutablePath = wrapper ?? chromium, Args = arguments, ViewportSize = Viewport, IgnoreHTTPSErrors = true });
            return new ChromiumBrowser(playwright, null, storage, wrapper);
        }

        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = wrapper ?? chromium, Args = arguments });
        return new ChromiumBrowser(playwright, browser, null, wrapper);
    }

    /// <summary>A page with storage of its own, unless all share a profile. Certificates are not checked: those of the tests are self-signed.</summary>
    /// <param name="url">Where it goes.</param>
    /// <param name="script">Runs before the scripts of the page, each time that it is loaded.</param>
    public async Task<IPage> OpenAsync(string url, string? script = null)
    {
        IBrowserContext storage = _profile ?? await _browser!.NewContextAsync(new BrowserNewContextOptions { ViewportSize = Viewport, IgnoreHTTPSErrors = true });
        if (script is not null)
        {
            await storage.AddInitScriptAsync(script);
        }

        return await OpenAsync(storage, url);
    }

    /// <summary>Another page with the storage of one.</summary>
    public Task<IPage> OpenBesideAsync(IPage page, string url) => OpenAsync(page.Context, url);

    private async Task<IPage> OpenAsync(IBrowserContext storage, string url)
    {
        IPage page = await storage.NewPageAsync();
        page.SetDefaultTimeout(TimeoutMilliseconds);
        page.PageError += (_, e) => Add(e);
        page.Console += (_, e) =>
        {
            if (e.Type == "error")
            {
                Add(e.Text);
            }
        };
        await page.GotoAsync(url);
        return page;
    }

    /// <summary>Keeps a picture where <c>EGOAT_SCREENSHOTS</c> asks for it, to be looked at.</summary>
    public static async Task ScreenshotAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("EGOAT_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name) });
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_profile is not null)
        {
            await _profile.CloseAsync();
        }

        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright.Dispose();
        if (_wrapper is not null)
        {
            File.Delete(_wrapper);
        }
    }

    private static string CreateWrapper(string host, string chromium)
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, $"#!/bin/sh\nexec ip netns exec {host} {chromium} \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }

    private void Add(string error)
    {
        // Chromium takes no service worker from a server with a self-signed certificate and says so; nothing of the page depends on one.
        if (error.StartsWith("An SSL certificate error occurred when fetching the script", StringComparison.Ordinal))
        {
            return;
        }

        lock (Errors)
        {
            Errors.Add(error);
        }
    }
}
