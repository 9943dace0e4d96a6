using System.Reflection;

namespace EGoat.Keys;

/// <summary>
/// The 1,024 words of codes and safety words (words.txt): 3 to 7 letters, easy to spell, told apart by their first four letters, none
/// that sounds like another. Their order is part of the protocol.
/// </summary>
public static class WordList
{
    /// <summary>How many words there are.</summary>
    public const int Size = 1024;

    /// <summary>What a word tells.</summary>
    public const int BitsPerWord = 10;

    /// <summary>Letters that suffice to tell a word.</summary>
    public const int SignificantLetters = 4;

    /// <summary>The longest word that is looked at.</summary>
    private const int MaxLength = 16;

    /// <summary>A word that differs by more is no near miss.</summary>
    private const int MaxDistance = 2;

    private static readonly string[] List = Read();
    private static readonly Dictionary<string, string> ByBeginning = List.ToDictionary(Beginning, StringComparer.Ordinal);

    /// <summary>The words, in alphabetical order.</summary>
    public static IReadOnlyList<string> Words => List;

    /// <summary>The word that somebody meant: written in any case, whole, or its first four letters.</summary>
    /// <returns>The word; null when the list has none such.</returns>
    public static string? Find(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxLength)
        {
            return null;
        }

        string lower = text.ToString().ToLowerInvariant();
        return ByBeginning.TryGetValue(Beginning(lower), out string? word) && (word == lower || lower.Length == SignificantLetters) ? word : null;
    }

    /// <summary>The word of the list that is nearest to a text that is none; null when none is near.</summary>
    /// <remarks>It depends on the text and the list alone, never on a code: it cannot tell which word would be right.</remarks>
    public static string? Suggest(ReadOnlySpan<char> text)
    {
        if (text.Length is < 2 or > MaxLength)
        {
            return null;
        }

        // People err in the first letter least of all.
        string lower = text.ToString().ToLowerInvariant();
        return List.Where(w => (w[0] == lower[0] || w[0] == lower[1]) && Math.Abs(w.Length - lower.Length) <= MaxDistance)
            .Select(w => (Word: w, Distance: Distance(lower, w))).Where(w => w.Distance <= MaxDistance).OrderBy(w => w.Distance).Select(w => w.Word).FirstOrDefault();
    }

    // Letters to insert, delete, replace or exchange with their neighbour.
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }

    private static string Beginning(string word) => word.Length <= SignificantLetters ? word : word[..SignificantLetters];

    private static string[] Read()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("words.txt")!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
