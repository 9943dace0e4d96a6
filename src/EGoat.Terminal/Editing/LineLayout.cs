using System.Globalization;
using System.Text;

namespace EGoat.Terminal;

/// <summary>A text as rows of a screen, with the place of the cursor.</summary>
/// <param name="Rows">The rows, each at most as wide as was asked.</param>
/// <param name="CursorRow">The row of the cursor.</param>
/// <param name="CursorColumn">Its column, always inside the width.</param>
public sealed record LineLayout(IReadOnlyList<string> Rows, int CursorRow, int CursorColumn)
{
    /// <summary>Breaks a text into rows.</summary>
    /// <param name="prompt">What stands before the first row; the others are indented as far.</param>
    /// <param name="text">The text.</param>
    /// <param name="cursor">The cursor, as an index into it.</param>
    /// <param name="width">Columns of the screen.</param>
    /// <param name="maxRows">The most rows that are wanted: those around the cursor.</param>
    public static LineLayout Create(string prompt, string text, int cursor, int width, int maxRows)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(text);
        int indent = DisplayText.Width(prompt);
        if (indent + 4 > width)
        {
            prompt = "";
            indent = 0;
        }

        width = Math.Max(2, width);
        string margin = new(' ', indent);
        var rows = new List<string>();
        var row = new StringBuilder(prompt);
        int column = indent;
        (int Row, int Column)? place = null;
        for (int at = 0; at < text.Length;)
        {
            int length = StringInfo.GetNextTextElementLength(text.AsSpan(at));
            ReadOnlySpan<char> cluster = text.AsSpan(at, length);
            bool isBreak = cluster is "\n" or "\r\n";
            bool isPlain = length == 1 && cluster[0] is >= ' ' and < '\x7f';
            ReadOnlySpan<char> shown = isPlain ? cluster : isBreak ? "" : cluster is "\t" ? "    " : VisibleText.Text(cluster.ToString());
            int columns = isPlain ? 1 : DisplayText.Width(shown);
            if (column + columns > width)
            {
                Break();
            }

            place ??= at >= cursor ? (rows.Count, column) : null;
            row.Append(shown);
            column += columns;
            at += length;
            if (isBreak)
            {
                Break();
            }
        }

        if (place is null && column >= width)
        {
            Break();
        }

        place ??= (rows.Count, column);
        rows.Add(row.ToString());
        (int cursorRow, int cursorColumn) = place.Value;
        int first = Math.Clamp(cursorRow - (maxRows / 2), 0, Math.Max(0, rows.Count - maxRows));
        return new LineLayout(rows.GetRange(first, Math.Min(maxRows, rows.Count - first)), cursorRow - first, Math.Min(cursorColumn, width - 1));

        void Break()
        {
            rows.Add(row.ToString());
            row.Clear().Append(margin);
            column = indent;
        }
    }
}
