using System.Globalization;
using EGoat.Mesh;

namespace EGoat.Terminal;

/// <summary>Which files of an offer are wanted, as people write it.</summary>
public static class FileSelection
{
    /// <summary>Why somebody who was asked said no.</summary>
    public const string NotWanted = "The receiver does not want it.";

    /// <summary>Reads an answer: y, n, or numbers of the list, counted from 1, with commas and ranges.</summary>
    public static bool TryParse(string line, FileOffer offer, out FileAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(line);
        ArgumentNullException.ThrowIfNull(offer);
        answer = FileAnswer.Accept;
        switch (line.Trim().ToUpperInvariant())
        {
            case "Y" or "YES":
                return true;
            case "N" or "NO":
                answer = FileAnswer.Reject(NotWanted);
                return true;
            default:
                break;
        }

        var chosen = new List<int>();
        foreach (string part in line.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-', 2);
            if (!TryParse(ends[0], out int first) || !TryParse(ends[^1], out int last) || first < 1 || last < first || last > offer.Files.Count)
            {
                return false;
            }

            chosen.AddRange(Enumerable.Range(first - 1, last - first + 1).Select(i => offer.Files[i].Index));
        }

        answer = FileAnswer.AcceptSome([.. chosen.Distinct().Order()]);
        return true;
    }

    private static bool TryParse(string text, out int number) => int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out number);
}
