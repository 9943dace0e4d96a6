using System.Globalization;
using System.Text;

namespace EGoat.Terminal;

/// <summary>
/// Rows at the end of a terminal's output that are drawn anew in place, while lines scroll by above. Each drawing is one
/// write. Not thread-safe.
/// </summary>
internal sealed class LiveRegion(ITerminal terminal)
{
    /// <summary>The rows that are on the screen, and where the cursor is among them.</summary>
    private IReadOnlyList<ScreenRow> _rows = [];
    private int _cursorRow;
    private int _cursorColumn;

    /// <summary>Whether anything is drawn.</summary>
    public bool IsDrawn => _rows.Count > 0;

    /// <summary>Writes lines above, and draws other rows.</summary>
    /// <param name="above">Whole lines, each with its end; empty for none.</param>
    /// <param name="rows">The rows; none takes the region away.</param>
    /// <param name="cursorRow">The cursor's row among them.</param>
    /// <param name="cursorColumn">The cursor's column.</param>
    public void Draw(string above, IReadOnlyList<ScreenRow> rows, int cursorRow = 0, int cursorColumn = 0)
    {
        if (above.Length == 0 && rows.Count == 0 && _rows.Count == 0)
        {
            return;
        }

        var output = new StringBuilder("\e[?25l");
        AppendToStart(output);
        output.Append("\e[J");
        output.Append(above.Contains('\n', StringComparison.Ordinal) ? above.Replace("\n", "\r\n", StringComparison.Ordinal) : above);
        for (int i = 0; i < rows.Count; i++)
        {
            output.Append(i > 0 ? "\r\n" : "");
            ScreenRow row = rows[i];
            bool isStyled = row.Style.Length > 0 && terminal.HasColor;
            output.Append(isStyled ? $"\e[{row.Style}m{row.Text}\e[0m" : row.Text);
        }

        if (rows.Count > 0)
        {
            Append(output, rows.Count - 1 - cursorRow, 'A');
            output.Append('\r');
            Append(output, cursorColumn, 'C');
        }

        output.Append("\e[?25h");
        (_rows, _cursorRow, _cursorColumn) = (rows, cursorRow, cursorColumn);
        terminal.Write(output.ToString());
    }

    /// <summary>The rows stay where they are, as output like any other; the cursor comes below them.</summary>
    public void Leave()
    {
        if (_rows.Count > 0)
        {
            var output = new StringBuilder();
            Append(output, _rows.Count - 1 - _cursorRow, 'B');
            terminal.Write(output.Append("\r\n").ToString());
            _rows = [];
        }
    }

    // A screen that has become narrower has broken the rows: the cursor is further down than it was put.
    private void AppendToStart(StringBuilder output)
    {
        int width = Math.Max(1, terminal.Width);
        int up = _cursorColumn / width;
        for (int i = 0; i < _cursorRow && i < _rows.Count; i++)
        {
            up += 1 + (Math.Max(0, DisplayText.Width(_rows[i].Text) - 1) / width);
        }

        output.Append('\r');
        Append(output, Math.Min(up, Math.Max(0, terminal.Height - 1)), 'A');
    }

    private static void Append(StringBuilder output, int count, char final)
    {
        if (count > 0)
        {
            output.Append("\e[").Append(count.ToString(CultureInfo.InvariantCulture)).Append(final);
        }
    }
}
