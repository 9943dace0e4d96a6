using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace EGoat.Keys;

/// <summary>
/// A code to be read to somebody, <c>7-goat-piano</c>: the slot, which the server knows, and words, which it never learns. It leads to
/// a room once.
/// </summary>
public sealed class InviteCode
{
    /// <summary>Words of a code by default: one guess in a million.</summary>
    public const int DefaultWords = 2;

    /// <summary>The fewest words.</summary>
    public const int MinWords = 2;

    /// <summary>The most words.</summary>
    public const int MaxWords = 6;

    /// <summary>The highest number of a slot.</summary>
    public const int MaxSlot = 999_999;

    private const int MaxLength = 128;

    private InviteCode(int slot, string words)
    {
        Slot = slot;
        Password = new Secret(Fields.Of(words));
    }

    /// <summary>The number of the slot at the server, from 1.</summary>
    public int Slot { get; }

    /// <summary>The words joined by '-', in UTF-8: what both sides must know.</summary>
    public Secret Password { get; }

    /// <summary>A code with random words.</summary>
    /// <param name="slot">The slot that the server has given.</param>
    /// <param name="words">How many words: 2 to 6.</param>
    public static InviteCode Create(int slot, int words = DefaultWords)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slot, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slot, MaxSlot);
        ArgumentOutOfRangeException.ThrowIfLessThan(words, MinWords);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(words, MaxWords);
        return new InviteCode(slot, string.Join('-', Enumerable.Range(0, words).Select(_ => WordList.Words[RandomNumberGenerator.GetInt32(WordList.Size)])));
    }

    /// <summary>Reads a code as people say it: in any case, with spaces, dots, commas or '_' for '-', and words cut after four letters.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="code">The code; null when it is none.</param>
    /// <param name="error">Why it is none, in one sentence, with a word that may be meant; empty when it is one.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out InviteCode? code, out string error)
    {
        code = null;
        const string Form = "A code is a number and words, such as 7-goat-piano.";
        if (text is null || text.Length > MaxLength)
        {
            error = Form;
            return false;
        }

        string[] parts = text.Split([' ', '-', '_', '.', ',', '\t', '\u00a0', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2212'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int slot) || slot is < 1 or > MaxSlot)
        {
            error = Form;
            return false;
        }

        if (parts.Length - 1 is < MinWords or > MaxWords)
        {
            error = $"{Form} This one has {parts.Length - 1} words; there are {MinWords} to {MaxWords}.";
            return false;
        }

        var words = new string[parts.Length - 1];
        for (int i = 0; i < words.Length; i++)
        {
            if (WordList.Find(parts[i + 1]) is not { } word)
            {
                error = $"Word {i + 1} of the code is not in the list of words{(WordList.Suggest(parts[i + 1]) is { } near ? $"; is it '{near}'?" : ".")}";
                return false;
            }

            words[i] = word;
        }

        error = "";
        code = new InviteCode(slot, string.Join('-', words));
        return true;
    }

    /// <summary>The whole code, to be read to somebody. Whoever calls this answers for what becomes of it.</summary>
    public string Reveal() => string.Create(CultureInfo.InvariantCulture, $"{Slot}-{System.Text.Encoding.UTF8.GetString(Password.Reveal())}");

    /// <summary>The slot alone.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"code of slot {Slot}");
}
