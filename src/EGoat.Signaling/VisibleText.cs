using System.Globalization;
using System.Text;

namespace EGoat.Signaling;

/// <summary>Texts from elsewhere, made fit to be shown on one line of a console, a log or an error.</summary>
internal static class VisibleText
{
    /// <summary>The text with everything that could disturb or deceive a display (controls, formats, halves of pairs) written as \u escapes.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        int at = 0;
        while (at < text.Length)
        {
            bool isWhole = Rune.TryGetRuneAt(text, at, out Rune rune);
            int length = isWhole ? rune.Utf16SequenceLength : 1;
            foreach (char c in text.AsSpan(at, length))
            {
                _ = isWhole && IsVisible(rune) ? escaped.Append(c) : escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }

            at += length;
        }

        return escaped.ToString();
    }

    private static bool IsVisible(Rune rune) => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
