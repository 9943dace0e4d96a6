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

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly string? _wrapper;

    private ChromiumBrowser(IPlaywright playwright, IBrowser browser, string? wrapper)
    {
        _playwright = playwright;
        _browser = browser;
        _wrapper = wrapper;
    }

    /// <summary>What the pages wrote to their consoles as errors, and what they threw.</summary>
    public List<string> Errors { get; } = [];

    /// <param name="hidesAddresses">Whether pages see names that end in <c>.local</c> instead of this machine's addresses, as is the default of browsers.</param>
    /// <param name="host">The network namespace to run in, or null for this one.</param>
    public static async Task<ChromiumBrowser> LaunchAsync(bool hidesAddresses = true, string? host = null)
    {
        string chromium = ProgramFactAttribute.Find("chromium") ?? throw new InvalidOperationException("chromium is not on PATH.");
        string? wrapper = host is null ? null : CreateWrapper(host, chromium);
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = wrapper ?? chromium,
            Args = hidesAddresses ? Arguments : [.. Arguments, "--disable-features=WebRtcHideLocalIpsWithMdns"],
        });
        Assertions.SetDefaultExpectTimeout(TimeoutMilliseconds);
        return new ChromiumBrowser(playwright, browser, wrapper);
    }

    /// <summary>A page with storage of its own. Certificates are not checked: those of the tests are self-signed.</summary>
    public async Task<IPage> OpenAsync(string url)
    {
        IPage page = await _browser.NewPageAsync(new BrowserNewPageOptions
        {
            ViewportSize = new ViewportSize { Width = 960, Height = 600 },
            IgnoreHTTPSErrors = true,
        });
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
        await _browser.DisposeAsync();
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
        lock (Errors)
        {
            Errors.Add(error);
        }
    }
}
