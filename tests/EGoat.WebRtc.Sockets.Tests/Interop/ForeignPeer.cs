using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>A WebRTC stack that is not ours, in a process of its own. It does what it is told and sends every message back.</summary>
public abstract class ForeignPeer : IAsyncDisposable
{
    /// <summary>Its offer, with one channel in it, when it has gathered all candidates.</summary>
    public Task<string> OfferAsync(string label) => AskAsync(new { @do = "offer", label, ordered = true });

    public Task<string> AnswerAsync(string sdp) => AskAsync(new { @do = "answer", sdp });

    public Task AcceptAnswerAsync(string sdp) => AskAsync(new { @do = "accept", sdp });

    /// <summary>Opens a channel; done when it is open there.</summary>
    public Task OpenAsync(string label, bool ordered, int? maxRetransmits = null) => maxRetransmits is { } limit
        ? AskAsync(new { @do = "open", label, ordered, maxRetransmits = limit })
        : AskAsync(new { @do = "open", label, ordered });

    /// <summary>Closes a channel; done when it is closed there.</summary>
    public Task CloseAsync(string label) => AskAsync(new { @do = "close", label });

    /// <summary>Waits until this side's closing of a channel has arrived.</summary>
    public Task ClosedAsync(string label) => AskAsync(new { @do = "closed", label });

    /// <summary>Ends its connection.</summary>
    public Task EndAsync() => AskAsync(new { @do = "end" });

    /// <summary>Waits until it has noticed that this side has ended the connection.</summary>
    public Task EndedAsync() => AskAsync(new { @do = "ended" });

    public abstract ValueTask DisposeAsync();

    /// <summary>The path of what drives a stack.</summary>
    internal static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Interop", "Peers", name);

    /// <summary>A command, and its answer.</summary>
    protected abstract Task<string> AskAsync(object command);

    /// <summary>The answer in what a script has said, or its error.</summary>
    protected static string ReadAnswer(JsonElement answer) => answer.TryGetProperty("error", out JsonElement error)
        ? throw new InvalidOperationException($"The other stack: {error.GetString()}")
        : answer.GetProperty("value").GetString()!;

    /// <summary>A process whose output nobody may forget to read.</summary>
    protected static Process Start(string program, params IEnumerable<string> arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        StandardOutputEncoding = Encoding.UTF8,
    })!;
}
