using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using EGoat.Testing;

namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>A page in Firefox without a window, driven by its remote protocol (Marionette: a length, a colon, a JSON array).</summary>
internal sealed class FirefoxPeer : ForeignPeer
{
    public const string Program = "firefox-esr";

    private const string Preferences = """
        user_pref("marionette.port", 0);
        user_pref("media.peerconnection.ice.obfuscate_host_addresses", false);
        user_pref("network.captive-portal-service.enabled", false);
        user_pref("network.connectivity-service.enabled", false);
        user_pref("app.update.enabled", false);
        user_pref("browser.safebrowsing.provider.mozilla.updateURL", "");
        user_pref("datareporting.policy.dataSubmissionEnabled", false);
        user_pref("services.settings.server", "data:,");
        user_pref("toolkit.telemetry.enabled", false);
        """;

    private readonly string _profile = Directory.CreateTempSubdirectory("egoat-firefox-").FullName;
    private readonly TcpClient _client = new() { NoDelay = true };
    private readonly Process _process;
    private int _id;

    private FirefoxPeer()
    {
        File.WriteAllText(Path.Combine(_profile, "user.js"), Preferences);
        _process = Start(ProgramFactAttribute.Find(Program)!, "--headless", "--marionette", "--no-remote", "--profile", _profile);
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
    }

    public static async Task<FirefoxPeer> StartAsync(CancellationToken cancellationToken)
    {
        var firefox = new FirefoxPeer();
        try
        {
            await firefox._client.ConnectAsync("127.0.0.1", await firefox.ReadPortAsync(cancellationToken), cancellationToken);
            await firefox.ReadAsync(); // it greets
            await firefox.CallAsync("WebDriver:NewSession", new { });
            await firefox.RenewAsync();
            return firefox;
        }
        catch
        {
            await firefox.DisposeAsync();
            throw;
        }
    }

    /// <summary>A new page, with a new connection.</summary>
    public async Task RenewAsync()
    {
        await CallAsync("WebDriver:Navigate", new { url = "about:blank" });
        string script = await File.ReadAllTextAsync(Script("peer.js"));
        await CallAsync("WebDriver:ExecuteScript", new { script = script + "\nwindow.peer = createPeer(RTCPeerConnection);", args = Array.Empty<object>(), sandbox = (string?)null });
    }

    public override async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_profile, recursive: true);
    }

    protected override async Task<string> AskAsync(object command)
    {
        const string Script = "const done = arguments[1]; peer(arguments[0]).then(value => done({ value }), error => done({ error: String(error) }));";
        JsonElement result = await CallAsync("WebDriver:ExecuteAsyncScript", new { script = Script, args = new[] { command }, sandbox = (string?)null });
        return ReadAnswer(result.GetProperty("value"));
    }

    // It takes a free port and writes it into the profile.
    private async Task<int> ReadPortAsync(CancellationToken cancellationToken)
    {
        string path = Path.Combine(_profile, "MarionetteActivePort");
        while (true)
        {
            if (File.Exists(path) && int.TryParse(await File.ReadAllTextAsync(path, cancellationToken), out int port))
            {
                return port;
            }

            if (_process.HasExited)
            {
                throw new InvalidOperationException("Firefox has ended.");
            }

            await Task.Delay(20, cancellationToken);
        }
    }

    // [0, id, command, parameters] is answered by [1, id, error, result].
    private async Task<JsonElement> CallAsync(string command, object parameters)
    {
        byte[] message = JsonSerializer.SerializeToUtf8Bytes(new[] { 0, ++_id, command, parameters });
        await _client.GetStream().WriteAsync((byte[])[.. Encoding.ASCII.GetBytes($"{message.Length}:"), .. message]);
        JsonElement answer = await ReadAsync();
        return answer[2].ValueKind == JsonValueKind.Null ? answer[3] : throw new InvalidOperationException($"Firefox: {answer[2]}");
    }

    private async Task<JsonElement> ReadAsync()
    {
        NetworkStream stream = _client.GetStream();
        int length = 0;
        var one = new byte[1];
        while (true)
        {
            await stream.ReadExactlyAsync(one);
            if (one[0] == ':')
            {
                break;
            }

            length = (length * 10) + one[0] - '0';
        }

        var message = new byte[length];
        await stream.ReadExactlyAsync(message);
        return JsonDocument.Parse(message).RootElement;
    }
}
