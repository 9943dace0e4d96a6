using System.Globalization;
using System.Text;
using Wcwidth;

namespace EGoat.Terminal;

/// <summary>Text for people on a terminal: widths in columns, numbers as people say them.</summary>
public static class DisplayText
{
    private const string Units = "KMGT";

    /// <summary>How many columns text takes; it is taken to be fit to be shown, see <see cref="VisibleText"/>.</summary>
    public static int Width(ReadOnlySpan<char> text)
    {
        int width = 0;
        while (!text.IsEmpty)
        {
            int length = StringInfo.GetNextTextElementLength(text);
            width += ClusterWidth(text[..length]);
            text = text[length..];
        }

        return width;
    }

    /// <summary>How many columns one grapheme cluster takes: 0 to 2.</summary>
    public static int ClusterWidth(ReadOnlySpan<char> cluster)
    {
        if (cluster.Length == 1 && cluster[0] is >= ' ' and < '\x7f')
        {
            return 1;
        }

        int width = 0;
        foreach (Rune rune in cluster.EnumerateRunes())
        {
            // A variation selector asks for the emoji, which is wide.
            width += rune.Value == 0xFE0F ? 1 : Math.Max(0, UnicodeCalculator.GetWidth(rune.Value));
        }

        return Math.Min(2, width);
    }

    /// <summary>Text cut to at most so many columns, with an ellipsis in place of what does not fit.</summary>
    public static string Truncate(string text, int columns)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (columns <= 0)
        {
            return "";
        }

        int width = 0;
        int fits = 0;
        for (int at = 0; at < text.Length;)
        {
            int length = StringInfo.GetNextTextElementLength(text.AsSpan(at));
            width += ClusterWidth(text.AsSpan(at, length));
            at += length;
            if (width < columns)
            {
                fits = at;
            }
            else if (width > columns || at < text.Length)
            {
                return text[..fits] + "…";
            }
        }

        return text;
    }

    /// <summary>A number of bytes, as <c>1.2 GB</c>. As in PowerShell a KB has 1,024.</summary>
    public static string Bytes(double bytes)
    {
        int power = 0;
        for (; bytes >= 1023.5 && power < Units.Length; power++)
        {
            bytes /= 1024;
        }

        string format = power == 0 || bytes >= 99.95 ? "0" : "0.#";
        return power == 0
            ? bytes.ToString(format, CultureInfo.InvariantCulture) + " B"
            : $"{bytes.ToString(format, CultureInfo.InvariantCulture)} {Units[power - 1]}B";
    }

    /// <summary>A span of time, as <c>0.4 s</c>, <c>5 s</c>, <c>2 min 5 s</c>, <c>1 h 3 min</c>.</summary>
    public static string Duration(TimeSpan time)
    {
        double seconds = Math.Max(0, time.TotalSeconds);
        return seconds switch
        {
            < 0.95 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
            < 59.5 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
            < 3600 => Join((int)(Math.Round(seconds) / 60), "min", (int)Math.Round(seconds) % 60, "s"),
            _ => Join((int)(seconds / 3600), "h", (int)(seconds / 60) % 60, "min"),
        };

        static string Join(int whole, string unit, int part, string partUnit) => part == 0 ? $"{whole} {unit}" : $"{whole} {unit} {part} {partUnit}";
    }

    /// <summary>A number of things, as <c>1 file</c> or <c>2,000 files</c>.</summary>
    public static string Count(long count, string thing) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {thing}{(count == 1 ? "" : "s")}");
}
