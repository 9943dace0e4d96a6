using EGoat.Testing;
using EGoat.Testing.Browser;
using Microsoft.Playwright;
using QRCoder;

namespace EGoat.Web.Tests;

/// <summary>The ways into a room, out of it and from one to another; the invitation.</summary>
public sealed class PageRoomTests : PageTransferTest
{
    [ProgramFact("chromium")]
    public async Task A_link_opens_straight_into_the_room_under_a_name_that_is_proposed_and_kept()
    {
        IPage page = await OpenAsync("#room=lobby");
        await ConnectedAsync(page);
        string name = await page.Locator("#me button").InnerTextAsync();
        Assert.Matches("^[A-Z][a-z]+ [A-Z][a-z]+$", name);
        Assert.Equal(name, Room.Peers.Single(p => p.State == EGoatPeerState.Connected).Name);
        await page.ReloadAsync();
        await ConnectedAsync(page);
        await Assertions.Expect(page.Locator("#me button")).ToHaveTextAsync(name);

        // It is changed in place, and the others see it.
        await page.ClickAsync("#me button");
        await page.FillAsync("#me input", "  Carla\u200b \u202e ");
        await page.PressAsync("#me input", "Enter");
        await Assertions.Expect(page.Locator("#me button")).ToHaveTextAsync("Carla");
        await page.FillAsync("#text", "it is me");
        await page.PressAsync("#text", "Enter");
        await Assertions.Expect(page.Locator("#messages li.own .receipt")).ToHaveTextAsync("✓");
        Assert.Empty(Browser!.Errors);
    }

    [ProgramFact("chromium")]
    public async Task Another_link_on_an_open_page_goes_to_the_other_room_and_back_leads_back()
    {
        IPage page = await JoinAsync();
        await page.EvaluateAsync("() => { location.hash = 'room=other'; }");
        await Assertions.Expect(page.Locator("#status")).ToHaveTextAsync("other");
        await Assertions.Expect(page.Locator("#invitation")).ToBeVisibleAsync();
        await page.GoBackAsync();
        await Assertions.Expect(page.Locator("#status")).ToHaveTextAsync("lobby");
        await ConnectedAsync(page);
    }

    [ProgramFact("chromium")]
    public async Task Nobody_joins_without_a_name_and_rooms_of_before_are_listed()
    {
        IPage page = await OpenAsync("");
        await page.FillAsync("#name", "   ");
        await page.FillAsync("#room", "lobby");
        await page.ClickAsync("#join");
        await Assertions.Expect(page.Locator("#entry-problem")).Not.ToBeEmptyAsync();
        await Assertions.Expect(page.Locator("#chat")).ToBeHiddenAsync();
        await page.FillAsync("#name", "carla");
        await page.FillAsync("#room", "no such room!");
        await page.ClickAsync("#join");
        await Assertions.Expect(page.Locator("#entry-problem")).Not.ToBeEmptyAsync();
        await page.FillAsync("#room", Server.Url + "#room=lobby&cert=abc");
        await page.ClickAsync("#join");
        await ConnectedAsync(page);
        await page.ClickAsync("#leave");
        await Assertions.Expect(page.Locator("#rooms button")).ToHaveTextAsync("lobby");
        Assert.DoesNotContain("room=", page.Url, StringComparison.Ordinal);
        await page.ClickAsync("#make");
        await Assertions.Expect(page.Locator("#invitation .link")).ToHaveValueAsync(new System.Text.RegularExpressions.Regex("#room=goat-[a-z2-7]{16}$"));
    }

    [ProgramFact("chromium")]
    public async Task The_invitation_keeps_the_certificate_and_tells_what_a_guest_will_meet()
    {
        IPage page = await OpenAsync("#room=empty&cert=abc");
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        string link = $"{Server.Url}#room=empty&cert=abc";
        await Assertions.Expect(page.Locator("#invitation .link")).ToHaveValueAsync(link);
        await Assertions.Expect(page.Locator("#invitation .truth")).ToContainTextAsync("egoat serve --listen");
        await page.ClickAsync("#invitation .copy");
        await Assertions.Expect(page.Locator("#invitation .copy")).ToHaveTextAsync("Copied");
        Assert.Equal(link, await page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
        await ChromiumBrowser.ScreenshotAsync(page, "page-empty.png");
    }

    [ProgramFact("chromium")]
    public async Task Leaving_asks_while_files_are_on_their_way()
    {
        (string path, _) = CreateFile("goat.bin", 12 * Block);
        IPage page = await JoinAsync(stallAfter: 4);
        await page.SetInputFilesAsync("#file", path);
        await ProgressAsync(page, 4);
        await page.ClickAsync("#leave");
        await page.ClickAsync("dialog button[value=no]");
        await Assertions.Expect(Row(page, "active")).ToHaveCountAsync(1);
        await page.ClickAsync("#leave");
        await page.ClickAsync("dialog button[value=yes]");
        await Assertions.Expect(page.Locator("#landing")).ToBeVisibleAsync();
    }

    // With another library's code for the same text, level and mask.
    [ProgramFact("chromium")]
    public async Task A_QR_code_is_what_the_standard_says()
    {
        IPage page = await OpenAsync("");
        foreach (string text in new[] { "g", "http://127.0.0.1:4747/#room=lobby", new string('x', 150), "https://192.168.178.20:4747/#room=" + new string('ü', 60) + "&cert=" + new string('k', 43), new string('y', 700) })
        {
            using var generator = new QRCodeGenerator();
            using QRCodeData data = generator.CreateQrCode(System.Text.Encoding.UTF8.GetBytes(text), QRCodeGenerator.ECCLevel.L);
            string expected = string.Join('\n', data.ModuleMatrix.Skip(4).SkipLast(4).Select(row => string.Concat(row.Cast<bool>().Skip(4).SkipLast(4).Select(isDark => isDark ? '1' : '0'))));
            string actual = await page.EvaluateAsync<string>(
                "async text => (await import('/common/qr.js')).qrCode(text).map(row => row.map(isDark => isDark ? 1 : 0).join('')).join('\\n')", text);
            Assert.Equal(expected, actual);
        }

        Assert.True(await page.EvaluateAsync<bool>("async () => (await import('/common/qr.js')).qrCode('z'.repeat(5000)) === null"));
    }

    [ProgramFact("chromium")]
    public async Task A_key_in_the_address_reaches_no_request_and_no_title()
    {
        const string key = "c2VjcmV0LWtleS1vZi1hLXJvb20";
        var requests = new List<string>();
        IPage page = await OpenAsync("");
        page.Request += (_, request) => requests.Add(request.Url + request.PostData + string.Concat(request.Headers.Values));
        await page.GotoAsync(Server.Url + $"?#room=lobby&k={key}");
        await ConnectedAsync(page);
        await Assertions.Expect(page).ToHaveTitleAsync("lobby · E-Goat");
        Assert.NotEmpty(requests);
        Assert.DoesNotContain(requests, r => r.Split('#')[0].Contains(key, StringComparison.Ordinal) || r.Contains("Referer", StringComparison.Ordinal));
    }

    private async Task<IPage> OpenAsync(string fragment)
    {
        Browser ??= await ChromiumBrowser.LaunchAsync();
        return await Browser.OpenAsync(Server.Url + fragment);
    }
}
