using System.Text.Json;
using EGoat.Testing.Browser;
using Microsoft.Playwright;

namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>A page in Chromium without a window.</summary>
internal sealed class ChromiumPeer : ForeignPeer
{
    private readonly ChromiumBrowser _browser;
    private readonly IPage _page;

    private ChromiumPeer(ChromiumBrowser browser, IPage page)
    {
        _browser = browser;
        _page = page;
    }

    public static async Task<ChromiumPeer> StartAsync()
    {
        ChromiumBrowser browser = await ChromiumBrowser.LaunchAsync(hidesAddresses: false);
        IPage page = await browser.OpenAsync("about:blank");
        await page.EvaluateAsync(await File.ReadAllTextAsync(Script("peer.js")) + "\nundefined;");
        var peer = new ChromiumPeer(browser, page);
        await peer.RenewAsync();
        return peer;
    }

    /// <summary>A new connection.</summary>
    public Task RenewAsync() => _page.EvaluateAsync("() => { window.peer = createPeer(RTCPeerConnection); }");

    public override ValueTask DisposeAsync() => _browser.DisposeAsync();

    protected override Task<string> AskAsync(object command) =>
        _page.EvaluateAsync<string>("command => peer(JSON.parse(command))", JsonSerializer.Serialize(command));
}
