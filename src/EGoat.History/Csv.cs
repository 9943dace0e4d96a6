using System.Globalization;
using System.Text;

namespace EGoat.History;

/// <summary>Messages as a table (RFC 4180). Columns are found by their names, in any order; others are ignored.</summary>
internal static class Csv
{
    private const string TimeFormat = "O";

    private static readonly string[] Columns = ["Id", "Room", "From", "FromIdentity", "Text", "SentAt", "ReceivedAt", "Direction", "Private"];

    /// <summary>With one of these a spreadsheet begins a formula, also where a full-width form stands for it.</summary>
    private static readonly char[] FormulaStarts = ['=', '+', '-', '@', '\t', '\r', '\n', '\uFF1D', '\uFF0B', '\uFF0D', '\uFF20'];

    public static string Header => string.Join(',', Columns) + "\r\n";

    public static void Write(StringBuilder to, EGoatMessage message)
    {
        string[] fields =
        [
            message.Id, message.Room, message.From, message.FromIdentity, message.Text,
            message.SentAt.ToString(TimeFormat, CultureInfo.InvariantCulture), message.ReceivedAt.ToString(TimeFormat, CultureInfo.InvariantCulture),
            message.Direction.ToString(), message.Private ? "true" : "false",
        ];
        to.AppendJoin(',', fields.Select(f => '"' + Neutralize(f).Replace("\"", "\"\"", StringComparison.Ordinal) + '"')).Append("\r\n");
    }

    /// <summary>Where each column of a header is.</summary>
    /// <exception cref="FormatException">One is missing.</exception>
    public static Dictionary<string, int> ParseHeader(IReadOnlyList<string> header)
    {
        var positions = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < header.Count; i++)
        {
            positions.TryAdd(header[i], i);
        }

        return Columns[..7].FirstOrDefault(c => !positions.ContainsKey(c)) is { } missing ? throw new FormatException($"The column {missing} is missing.") : positions;
    }

    /// <exception cref="FormatException">It is not a message.</exception>
    public static ImportedRecord Parse(IReadOnlyList<string> row, Dictionary<string, int> columns)
    {
        string? Find(string column) => columns.TryGetValue(column, out int position) && position < row.Count ? Restore(row[position]) : null;
        string Get(string column) => Find(column) ?? throw new FormatException($"{column} is missing.");
        return new ImportedRecord
        {
            Message = new EGoatMessage
            {
                Id = Get("Id"),
                Room = Get("Room"),
                From = Get("From"),
                FromIdentity = Get("FromIdentity"),
                Text = Get("Text"),
                SentAt = GetTime(Get("SentAt")),
                ReceivedAt = GetTime(Get("ReceivedAt")),
                Direction = Find("Direction") is { Length: > 0 } direction ? Names.Parse<EGoatDirection>(direction) : EGoatDirection.Received,
                Private = string.Equals(Find("Private"), "true", StringComparison.OrdinalIgnoreCase),
            },
        }.Check();
    }

    // A field that begins with apostrophes and then a formula gets one more: it comes back as it was.
    private static string Neutralize(string field) => IsFormula(field) ? "'" + field : field;

    private static string Restore(string field) => field.StartsWith('\'') && IsFormula(field) ? field[1..] : field;

    private static bool IsFormula(string field) => field.AsSpan().TrimStart('\'') is { Length: > 0 } rest && FormulaStarts.Contains(rest[0]);

    private static DateTimeOffset GetTime(string text) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
        ? time
        : throw new FormatException("A time cannot be read.");
}
