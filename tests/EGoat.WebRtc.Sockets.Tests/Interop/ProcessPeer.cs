using System.Diagnostics;
using System.Text.Json;

namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>A stack in a process that reads a command a line and writes an answer a line.</summary>
internal sealed class ProcessPeer(string program, params IEnumerable<string> arguments) : ForeignPeer
{
    private readonly Process _process = Start(program, arguments);

    public override async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    protected override async Task<string> AskAsync(object command)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(command));
        string line = await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The other stack has ended.");
        return ReadAnswer(JsonDocument.Parse(line).RootElement);
    }
}
