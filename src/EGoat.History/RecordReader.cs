using System.Text;

namespace EGoat.History;

/// <summary>Reads lines, or rows of a table, from a text that may be of any length and shape. Memory is bounded.</summary>
internal sealed class RecordReader(Stream stream) : IDisposable
{
    /// <summary>The longest record in characters; a longer one is passed over.</summary>
    private const int MaxRecord = 8 << 20;

    private readonly StreamReader _text = new(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16, leaveOpen: true);
    private readonly StringBuilder _record = new();

    /// <summary>The number of the line at which the last record began, from 1.</summary>
    public int Line { get; private set; }

    private int _nextLine = 1;

    /// <summary>The next line without its end; null at the end.</summary>
    /// <exception cref="FormatException">It is too long.</exception>
    public string? ReadLine()
    {
        Begin();
        int next = _text.Read();
        if (next < 0)
        {
            return null;
        }

        int length = 0;
        for (; next is >= 0 and not '\n'; next = _text.Read())
        {
            Append(next, ref length);
        }

        _nextLine++;
        return End(length).TrimEnd('\r');
    }

    /// <summary>The next row of a table (RFC 4180); null at the end.</summary>
    /// <exception cref="FormatException">It is too long.</exception>
    public List<string>? ReadRow()
    {
        Begin();
        int next = _text.Read();
        if (next < 0)
        {
            return null;
        }

        var fields = new List<string>();
        int length = 0;
        bool isQuoted = false;
        int start = 0;
        for (; next >= 0; next = _text.Read())
        {
            if (next == '\n')
            {
                _nextLine++;
            }

            if (next == '"' && isQuoted && _text.Peek() == '"')
            {
                Append(_text.Read(), ref length);
            }
            else if (next == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (isQuoted || next is not (',' or '\r' or '\n'))
            {
                Append(next, ref length);
            }
            else if (next == ',')
            {
                fields.Add(_record.ToString(start, _record.Length - start));
                start = _record.Length;
            }
            else if (next == '\n')
            {
                break;
            }
        }

        string record = End(length);
        fields.Add(record[start..]);
        return fields;
    }

    public void Dispose() => _text.Dispose();

    private void Begin()
    {
        Line = _nextLine;
        _record.Clear();
    }

    private void Append(int next, ref int length)
    {
        if (++length <= MaxRecord)
        {
            _record.Append((char)next);
        }
    }

    private string End(int length) => length <= MaxRecord ? _record.ToString() : throw new FormatException($"It is longer than {MaxRecord} characters.");
}
