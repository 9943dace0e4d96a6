using System.Diagnostics.CodeAnalysis;
using EGoat.Mesh;
using EGoat.Terminal;

namespace EGoat.Cli.Output;

/// <summary>Shows offers and reads what is wanted of them, one after another.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing.")]
internal sealed class ConsentPrompt(TextReader input, TextWriter output)
{
    /// <summary>Files that are listed; a longer offer is cut.</summary>
    private const int MaxListed = 50;

    private readonly SemaphoreSlim _turn = new(1);

    public async Task<FileAnswer> AskAsync(FileOffer offer, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await output.WriteAsync(Describe(offer).AsMemory(), cancellationToken).ConfigureAwait(false);
            await output.FlushAsync(cancellationToken).ConfigureAwait(false);
            while (true)
            {
                if (await input.ReadLineAsync(cancellationToken).ConfigureAwait(false) is not { } line)
                {
                    return FileAnswer.Reject("Nobody was there to accept it.");
                }

                if (FileSelection.TryParse(line, offer, out FileAnswer answer))
                {
                    return answer;
                }

                await output.WriteLineAsync("Answer y, n, or numbers such as 1,3-5.").ConfigureAwait(false);
                await output.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private static string Describe(FileOffer offer)
    {
        string total = offer.TotalLength < 0 ? "of unknown length" : DisplayText.Bytes(offer.TotalLength);
        IEnumerable<string> lines = offer.Files.Take(MaxListed).Select((f, i) =>
            $"  {i + 1,3}  {VisibleText.Line(f.Path)}{(f.IsFolder ? "/" : $"  {(f.Length < 0 ? "?" : DisplayText.Bytes(f.Length))}")}");
        string rest = offer.Files.Count > MaxListed ? $"       and {offer.Files.Count - MaxListed:N0} more\n" : "";
        return $"{VisibleText.Line(offer.Peer.Name)} ({offer.Peer.Identity}) offers {DisplayText.Count(offer.Files.Count, "file")}, {total}:\n{string.Join('\n', lines)}\n{rest}Take them? [y, n, or numbers such as 1,3-5] \n";
    }
}
