using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace EGoat.Terminal.Tests;

/// <summary>
/// A terminal that shows what a real one would, for what this program sends: text with widths, line ends, cursor moves, clearing,
/// colours (which it drops). Anything else fails the test.
/// </summary>
internal sealed class VirtualTerminal(int width, int height) : ITerminal
{
    private readonly Lock _gate = new();
    private readonly List<StringBuilder> _rows = [new()];
    private readonly BlockingCollection<IReadOnlyList<TerminalInput>> _input = [];
    private readonly KeyDecoder _decoder = new();
    private int _row;
    private int _column;

    public int Width { get; private set; } = width;

    public int Height { get; } = height;

    public bool HasColor { get; init; }

    public bool IsDisposed { get; private set; }

    /// <summary>Characters that were written.</summary>
    public long Written { get; private set; }

    /// <summary>Writes.</summary>
    public int Writes { get; private set; }

    /// <summary>Everything that it shows and has shown, without empty rows at the end.</summary>
    public string[] Rows
    {
        get
        {
            lock (_gate)
            {
                return [.. _rows.Select(r => r.ToString().Replace("\0", "", StringComparison.Ordinal).TrimEnd()).Reverse().SkipWhile(r => r.Length == 0).Reverse()];
            }
        }
    }

    public (int Row, int Column) Cursor
    {
        get
        {
            lock (_gate)
            {
                return (_row, _column);
            }
        }
    }

    public void Write(string text)
    {
        lock (_gate)
        {
            Written += text.Length;
            Writes++;
            for (int at = 0; at < text.Length;)
            {
                at += text[at] == '\e' ? Control(text, at) : Show(text, at);
            }
        }
    }

    public IReadOnlyList<TerminalInput>? Read(CancellationToken cancellationToken) => _input.TryTake(out IReadOnlyList<TerminalInput>? keys, Timeout.Infinite, cancellationToken) ? keys : null;

    /// <summary>Types, all at once.</summary>
    public void Type(string keys)
    {
        var decoded = new List<TerminalInput>();
        _decoder.Decode(Encoding.UTF8.GetBytes(keys), decoded);
        _decoder.Flush(decoded);
        _input.Add(decoded);
    }

    /// <summary>Another size: what is there is broken anew, as terminals do.</summary>
    public void Resize(int width)
    {
        lock (_gate)
        {
            var rows = new List<StringBuilder>();
            int cursorRow = 0;
            for (int i = 0; i < _rows.Count; i++)
            {
                string row = _rows[i].ToString().TrimEnd();
                if (i == _row)
                {
                    row = row.PadRight(_column);
                    cursorRow = rows.Count + (_column / width);
                }

                for (int at = 0; at == 0 || at < row.Length; at += width)
                {
                    rows.Add(new StringBuilder(row.Substring(at, Math.Min(width, row.Length - at))));
                }
            }

            _rows.Clear();
            _rows.AddRange(rows);
            (_row, _column) = (cursorRow, _column % width);
            Width = width;
        }

        _input.Add([]);
    }

    /// <summary>Waits until what it shows meets a condition.</summary>
    public async Task<string[]> WaitAsync(Func<string[], bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            string[] rows = Rows;
            if (condition(rows))
            {
                return rows;
            }

            Assert.False(limit.IsCancellationRequested, $"It shows:\n{string.Join('\n', rows)}");
            await Task.Yield();
        }
    }

    public void EndInput() => _input.CompleteAdding();

    public void Dispose() => IsDisposed = true;

    private int Show(string text, int at)
    {
        int length = text[at] == '\r' ? 1 : StringInfo.GetNextTextElementLength(text.AsSpan(at));
        string cluster = text.Substring(at, length);
        switch (cluster)
        {
            case "\r":
                _column = 0;
                return 1;
            case "\n":
                Down();
                return 1;
            default:
                Assert.True(cluster[0] >= ' ', $"It was sent U+{(int)cluster[0]:X4}.");
                int columns = DisplayText.ClusterWidth(cluster);
                if (_column + columns > Width)
                {
                    _column = 0;
                    Down();
                }

                Put(cluster, columns);
                return length;
        }
    }

    // A cell is a character here; what is wide or long takes filler.
    private void Put(string cluster, int columns)
    {
        StringBuilder row = _rows[_row];
        while (row.Length < _column + columns)
        {
            row.Append(' ');
        }

        row[_column] = cluster.Length == 1 ? cluster[0] : '\uFFFC';
        for (int i = 1; i < columns; i++)
        {
            row[_column + i] = '\0';
        }

        _column += columns;
    }

    private void Down()
    {
        _row++;
        if (_row == _rows.Count)
        {
            _rows.Add(new StringBuilder());
        }
    }

    private int Control(string text, int at)
    {
        Assert.Equal('[', text[at + 1]);
        int end = at + 2;
        while (text[end] is < '@' or > '~')
        {
            end++;
        }

        string parameters = text[(at + 2)..end];
        int count = int.TryParse(parameters, CultureInfo.InvariantCulture, out int number) ? number : 1;
        switch (text[end])
        {
            case 'A':
                _row = Math.Max(Math.Max(0, _rows.Count - Height), _row - count);
                break;
            case 'B':
                _row = Math.Min(_rows.Count - 1, _row + count);
                break;
            case 'C':
                _column = Math.Min(Width - 1, _column + count);
                break;
            case 'J' when parameters.Length == 0:
                _rows[_row].Length = Math.Min(_rows[_row].Length, _column);
                _rows.RemoveRange(_row + 1, _rows.Count - _row - 1);
                break;
            case 'h' or 'l' when parameters is "?25" or "?2004":
            case 'm':
                break;
            default:
                Assert.Fail($"It was sent {text[at..(end + 1)].Replace('\e', '^')}.");
                break;
        }

        return end + 1 - at;
    }
}
