using System.Diagnostics.CodeAnalysis;
using EGoat.Mesh;

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

                if (TryParse(line, offer, out FileAnswer answer))
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

    /// <summary>Reads an answer: y, n, or numbers of the list, counted from 1, with commas and ranges.</summary>
    internal static bool TryParse(string line, FileOffer offer, out FileAnswer answer)
    {
        answer = FileAnswer.Accept;
        switch (line.Trim().ToUpperInvariant())
        {
            case "Y" or "YES":
                return true;
            case "N" or "NO":
                answer = FileAnswer.Reject("The receiver does not want it.");
                return true;
            default:
                break;
        }

        var chosen = new List<int>();
        foreach (string part in line.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-', 2);
            if (!int.TryParse(ends[0], out int first) || !int.TryParse(ends[^1], out int last) || first < 1 || last < first || last > offer.Files.Count)
            {
                return false;
            }

            chosen.AddRange(Enumerable.Range(first - 1, last - first + 1).Select(i => offer.Files[i].Index));
        }

        answer = FileAnswer.AcceptSome([.. chosen.Distinct().Order()]);
        return true;
    }

    private static string Describe(FileOffer offer)
    {
        string total = offer.TotalLength < 0 ? "of unknown length" : ByteSize.Format(offer.TotalLength);
        IEnumerable<string> lines = offer.Files.Take(MaxListed).Select((f, i) =>
            $"  {i + 1,3}  {VisibleText.Line(f.Path)}{(f.IsFolder ? "/" : $"  {(f.Length < 0 ? "?" : ByteSize.Format(f.Length))}")}");
        string rest = offer.Files.Count > MaxListed ? $"       and {offer.Files.Count - MaxListed:N0} more\n" : "";
        return $"{VisibleText.Line(offer.Peer.Name)} ({offer.Peer.Identity}) offers {offer.Files.Count:N0} files, {total}:\n{string.Join('\n', lines)}\n{rest}Take them? [y, n, or numbers such as 1,3-5] \n";
    }
}
