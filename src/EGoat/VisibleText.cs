using System.Globalization;
using System.Text;

namespace EGoat;

/// <summary>
/// Text from peers, servers and files, made fit to be shown to people: on a console, in a log, an error or a list. Whatever could
/// move a cursor, reorder, hide or forge what stands around it is written out; everything that can be read stays as it is.
/// </summary>
/// <remarks>
/// The only place that decides this. It looks at whole characters (runes), never at halves of pairs. Cleaning a second time changes
/// nothing. It is not an encoding for HTML, JSON, SQL or a shell: those have their own.
/// </remarks>
public static class VisibleText
{
    /// <summary>Combining marks that one character may carry; further ones are shown as one ellipsis.</summary>
    public const int MaxMarks = 8;

    /// <summary>Characters of a text in quotes that are shown by default.</summary>
    public const int MaxQuoted = 80;

    private const int ZeroWidthNonJoiner = 0x200C;
    private const int ZeroWidthJoiner = 0x200D;
    private const int TextPresentation = 0xFE0E;
    private const int EmojiPresentation = 0xFE0F;
    private const int Keycap = 0x20E3;
    private const char DottedCircle = '\u25CC';

    /// <summary>Characters that are invisible though their category does not say so: fillers, selectors, and the empty braille pattern.</summary>
    private static readonly (int First, int Last)[] Invisible =
    [
        (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0), (0xFFFC, 0xFFFC), (0x1D159, 0x1D159), (0xE0000, 0xE0FFF),
    ];

    /// <summary>Blocks of scripts whose letters join, or are kept from it by U+200C and U+200D: Arabic to Mongolian, Indic ones, Adlam.</summary>
    private static readonly (int First, int Last)[] Joining =
        [(0x0600, 0x109F), (0x1700, 0x1CFF), (0xA800, 0xAADF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC), (0x10A00, 0x11FFF), (0x1E900, 0x1E95F)];

    private static readonly (int First, int Last)[] Ideographs = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)];

    /// <summary>The text on one line; line breaks, tabs and all spaces but the ordinary one are written out as well.</summary>
    /// <param name="text">A name, a path, a reason. Null is empty.</param>
    public static string Line(string? text) => IsClean(text) ? text ?? "" : Write(text, isText: false, "");

    /// <summary>The text in quotes, on one line, cut after so many characters.</summary>
    /// <param name="text">A name, a path.</param>
    /// <param name="maxLength">The most characters of it that are shown; an ellipsis stands for the rest.</param>
    public static string Quote(string? text, int maxLength = MaxQuoted) => $"'{Cut(text ?? "", maxLength)}'";

    /// <summary>The text on one line, cut after so many characters.</summary>
    /// <param name="text">A name, a path, a reason. Null is empty.</param>
    /// <param name="maxLength">The most characters of it that are shown; an ellipsis stands for the rest.</param>
    public static string Cut(string? text, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        if (text is null || text.Length <= maxLength)
        {
            return Line(text);
        }

        int end = char.IsHighSurrogate(text[maxLength - 1]) && char.IsLowSurrogate(text[maxLength]) ? maxLength - 1 : maxLength;
        return $"{Line(text[..end])}…";
    }

    /// <summary>What somebody has said: line breaks stay, tabs are four spaces, unusual spaces are ordinary ones.</summary>
    /// <param name="text">A message. Null is empty.</param>
    /// <param name="indent">What each line but the first begins with, so that none of them looks like a line of the program.</param>
    public static string Text(string? text, string indent = "") => IsClean(text) ? text ?? "" : Write(text, isText: true, indent);

    /// <summary>Whether <see cref="Line"/> returns the text as it is.</summary>
    public static bool IsClean(string? text)
    {
        if (text is null)
        {
            return true;
        }

        foreach (char c in text)
        {
            if (c is < ' ' or > '~')
            {
                return Write(text, isText: false, "") == text;
            }
        }

        return true;
    }

    /// <summary>
    /// A field of a table that spreadsheets read (CSV): a text that they would take for a formula gets an apostrophe before it.
    /// </summary>
    /// <remarks>What begins with <c>=</c>, <c>+</c>, <c>-</c>, <c>@</c>, a tab or a line break, alone or after spaces. Quotes are the writer's matter.</remarks>
    public static string Cell(string? text)
    {
        text ??= "";
        string begin = text.TrimStart(' ');
        return begin.Length > 0 && begin[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '\uFF1D' or '\uFF0B' or '\uFF0D' or '\uFF20' ? $"'{text}" : text;
    }

    private static string Write(string? text, bool isText, string indent)
    {
        text = isText ? text!.ReplaceLineEndings("\n") : text!;
        var written = new StringBuilder(text.Length + 16);
        Rune? before = null;
        int marks = 0;
        for (int at = 0; at < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, at, out Rune rune))
            {
                Escape(written, text[at++]);
                (before, marks) = (null, 0);
                continue;
            }

            at += rune.Utf16SequenceLength;
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            if (isText && Break(rune, category, indent) is { } space)
            {
                written.Append(space);
                (before, marks) = (null, 0);
            }
            else if (IsMark(category) && !IsIn(Invisible, rune.Value))
            {
                marks++;
                WriteMark(written, rune, before, marks);
            }
            else if (IsVisible(rune, category) || (before is { } previous && IsMeaningful(rune, previous, Next(text, at))))
            {
                written.Append(rune.ToString());
                (before, marks) = (rune.Value == ' ' ? null : rune, 0);
            }
            else
            {
                Escape(written, rune.Value);
                (before, marks) = (null, 0);
            }
        }

        return written.ToString();
    }

    // What stands for white space in a message; null for what is none.
    private static string? Break(Rune rune, UnicodeCategory category, string indent) => rune.Value switch
    {
        '\n' => $"\n{indent}",
        '\t' => "    ",
        _ when category == UnicodeCategory.SpaceSeparator => " ",
        _ => null,
    };

    // A mark without a character of its own would sit on what the program has written before it.
    private static void WriteMark(StringBuilder written, Rune mark, Rune? before, int marks)
    {
        if (before is null && marks == 1)
        {
            written.Append(DottedCircle);
        }

        if (marks <= MaxMarks)
        {
            written.Append(mark.ToString());
        }
        else if (marks == MaxMarks + 1)
        {
            written.Append('…');
        }
    }

    private static bool IsVisible(Rune rune, UnicodeCategory category) => rune.Value == ' ' || (!IsIn(Invisible, rune.Value) && category is not (UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator));

    // Invisible characters that change what is beside them as their writer means: joiners between letters that join and between
    // emoji, the choice between an emoji and its text, variants of an ideograph. Only one at a time.
    private static bool IsMeaningful(Rune rune, Rune before, Rune? next) => rune.Value switch
    {
        ZeroWidthJoiner when next is { } after => (IsJoining(before) && IsJoining(after)) || ((IsEmoji(before) || before.Value == EmojiPresentation) && IsEmoji(after)),
        ZeroWidthNonJoiner when next is { } after => IsJoining(before) && IsJoining(after),
        TextPresentation or EmojiPresentation => IsEmoji(before) || (next?.Value == Keycap && before.Value is (>= '0' and <= '9') or '#' or '*'),
        >= 0xFE00 and <= 0xFE0D or >= 0xE0100 and <= 0xE01EF => IsIn(Ideographs, before.Value),
        _ => false,
    };

    private static bool IsJoining(Rune rune) => IsIn(Joining, rune.Value) && (Rune.IsLetter(rune) || IsMark(Rune.GetUnicodeCategory(rune)));

    private static bool IsEmoji(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.OtherSymbol => true,
        UnicodeCategory.MathSymbol => rune.Value >= 0x2190,
        _ => rune.Value is (>= 0x1F3FB and <= 0x1F3FF) or 0x203C or 0x2049,
    };

    private static bool IsMark(UnicodeCategory category) => category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private static bool IsIn((int First, int Last)[] ranges, int value) => Array.Exists(ranges, r => value >= r.First && value <= r.Last);

    private static Rune? Next(string text, int at) => at < text.Length && Rune.TryGetRuneAt(text, at, out Rune rune) ? rune : null;

    private static void Escape(StringBuilder written, int value) =>
        _ = value > char.MaxValue ? written.Append(CultureInfo.InvariantCulture, $"\\u{{{value:x}}}") : written.Append(CultureInfo.InvariantCulture, $"\\u{value:x4}");
}
