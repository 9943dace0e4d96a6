using System.Diagnostics;

namespace EGoat.WebRtc.Sockets.Tests;

/// <summary>The example, as its reader would run it: two processes and two lines between them.</summary>
public sealed class DataChannelEchoTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Lines_come_back_over_the_data_channel()
    {
        using Process offer = Start("offer");
        using Process answer = Start("answer");
        try
        {
            await answer.StandardInput.WriteLineAsync(await ReadLineAsync(offer));
            await offer.StandardInput.WriteLineAsync(await ReadLineAsync(answer));
            foreach (string line in new[] { "hello", "Ziege 🐐", new string('x', 10_000) })
            {
                await offer.StandardInput.WriteLineAsync(line);
                Assert.Equal(line, await ReadLineAsync(offer));
            }

            offer.StandardInput.Close();
            await Task.WhenAll(offer.WaitForExitAsync(), answer.WaitForExitAsync()).WaitAsync(Limit);
            Assert.Equal((0, 0), (offer.ExitCode, answer.ExitCode));
        }
        finally
        {
            offer.Kill();
            answer.Kill();
        }
    }

    private static async Task<string?> ReadLineAsync(Process process) => await process.StandardOutput.ReadLineAsync().WaitAsync(Limit);

    private static Process Start(string side)
    {
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        var start = new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, "DataChannelEcho.dll"), side])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = System.Text.Encoding.UTF8,
        };
        return Process.Start(start)!;
    }
}
