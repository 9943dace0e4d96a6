using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using EGoat.Testing;

namespace EGoat.Cli.Tests;

/// <summary>Servers that cannot be used, each said with its remedy; servers that come later; servers behind a proxy.</summary>
public sealed class ServerTests : ProgramTest
{
    private const string OtherPin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    [Fact]
    public async Task Each_way_in_which_a_server_cannot_be_used_is_said_with_its_remedy()
    {
        using var own = new TlsEndpoint(isSelfSigned: true);
        using var foreign = new TlsEndpoint(isSelfSigned: false);
        string plain = (await ServeAsync()).TrimEnd('/');
        string nobody = $"http://127.0.0.1:{FindFreePort()}";
        (string Server, string Expected)[] cases =
        [
            ($"http://{own.Authority}", $"The signaling server http://{own.Authority} speaks TLS: its URL begins with https://. Use the whole URL that 'egoat serve' prints."),
            ($"https://{own.Authority}", $"The certificate of https://{own.Authority} is self-signed, and the URL has no #cert= that pins it. Use the whole URL that 'egoat serve' prints."),
            ($"https://{own.Authority}/#cert={OtherPin}", $"The certificate of https://{own.Authority} is not the one that the URL pins (#cert=). Use the URL that 'egoat serve' prints now; if nothing has changed there, somebody stands in between."),
            ($"https://{foreign.Authority}", $"This machine does not trust the certificate of https://{foreign.Authority}, or it is for another name or time. Check the name in the URL, and the machine's clock."),
            (plain.Replace("http:", "https:", StringComparison.Ordinal), $"What listens at {plain.Replace("http:", "https:", StringComparison.Ordinal)} does not speak TLS. Does its URL begin with http://?"),
            ($"{plain}/#cert={OtherPin}", $"The URL of {plain} pins a certificate (#cert=), which http:// does not have: it begins with https://."),
            ($"https://{own.Authority}/#cert=short", "The URL's #cert= is damaged: it has 43 characters of base64url. Copy the whole URL that 'egoat serve' prints."),
            ($"{plain}/elsewhere", $"What answers at {plain}/elsewhere is not an E-Goat signaling server. Check the port and the path of its URL."),
        ];
        foreach ((string server, string expected) in cases)
        {
            // None of them passes by itself: nobody waits for --timeout.
            Assert.Equal((1, $"egoat: {expected}"), await SendAsync(server, "600"));
        }

        string refused = $"egoat: The signaling server {nobody} cannot be reached. Nothing listens there: start 'egoat serve', or check the port.";
        (int exitCode, string errors) = await SendAsync(nobody, "1");
        Assert.Equal((1, refused), (exitCode, errors.Split('\n')[^1]));
        const string unknown = "egoat: The name 'goats.invalid' of the signaling server does not resolve. Check its spelling, or use the server's IP address.";
        (exitCode, errors) = await SendAsync("http://goats.invalid:4747", "1");
        Assert.Equal((1, unknown), (exitCode, errors.Split('\n')[^1]));
    }

    [Fact]
    public async Task A_server_that_is_not_up_yet_is_tried_for()
    {
        int port = FindFreePort();
        string[] room = ["--server", $"http://127.0.0.1:{port}", "--room", "lobby", "--json", "--timeout", "50"];
        string source = TestFile.Create(Folder, "goat.bin", 1000).Path;
        CliProcess receive = Start("bob", ["receive", .. room, "--output", Path.Combine(Folder, "inbox"), "--files", "1"]);
        CliProcess chat = Start("eve", ["chat", .. room]);
        CliProcess send = Start("ada", ["send", .. room, source]);
        foreach (CliProcess process in (CliProcess[])[receive, chat, send])
        {
            string text = (string)(await process.ReadEventAsync("warning"))["text"]!;
            Assert.EndsWith("cannot be reached. Nothing listens there: start 'egoat serve', or check the port. Trying for 50 s.", text, StringComparison.Ordinal);
        }

        CliProcess serve = Start("server", "serve", "--listen", $"127.0.0.1:{port}", "--json");
        await serve.ReadEventAsync("listening");
        await chat.ReadEventAsync("joined");
        chat.CloseInput();
        Assert.Equal((0, 0, 0), ((await send.EndAsync()).ExitCode, (await receive.EndAsync()).ExitCode, (await chat.EndAsync()).ExitCode));
    }

    [Fact]
    public async Task A_server_behind_a_path_of_a_proxy_is_reached_there()
    {
        string server = await ServeAsync();
        using var proxy = new PrefixProxy("/goats/here", new Uri(server));
        foreach (string url in (string[])[proxy.Url, $"{proxy.Url}/"])
        {
            CliProcess chat = Start("bob", "chat", "--server", server, "--room", "lobby", "--json");
            await chat.ReadEventAsync("joined");
            Assert.Equal((0, ""), await SendAsync(url, "50"));
            Assert.Equal("hi", (string?)(await chat.ReadEventAsync("message"))["text"]);
            chat.CloseInput();
            Assert.Equal(0, (await chat.EndAsync()).ExitCode);
        }
    }

    [ProgramFact("chmod")]
    public async Task What_is_wrong_with_the_installation_is_an_event_too()
    {
        string server = await ServeAsync();
        Assert.Equal(0, (await CliProcess.RunAsync(Home("ada"), "history")).ExitCode);
        foreach (string[] words in (string[][])[["chat", "--server", server, "--room", "lobby", "--json"], ["serve", "--listen", "127.0.0.1:0", "--json"]])
        {
            using (var change = System.Diagnostics.Process.Start("chmod", ["755", Home("ada")]))
            {
                await change.WaitForExitAsync();
            }

            CliProcess process = Start("ada", words);
            JsonObject first = JsonNode.Parse(await process.ReadLineAsync())!.AsObject();
            Assert.Equal("warning", (string?)first["event"]);
            Assert.StartsWith("Other users could look into the data folder", (string?)first["text"], StringComparison.Ordinal);
            process.Terminate();
            Assert.Equal((0, ""), ((await process.EndAsync()) is var end ? (end.ExitCode, end.Errors) : default));
        }
    }

    // What it returns, and says on standard error.
    private async Task<(int ExitCode, string Errors)> SendAsync(string server, string timeout)
    {
        (int exitCode, _, string errors) = await CliProcess.RunAsync(Home("ada"), "send", "--server", server, "--room", "lobby", "--text", "hi", "--timeout", timeout);
        return (exitCode, errors.TrimEnd().ReplaceLineEndings("\n"));
    }

    private static int FindFreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
