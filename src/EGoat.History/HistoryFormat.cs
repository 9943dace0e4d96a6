namespace EGoat.History;

/// <summary>How a history is written for other programs.</summary>
public enum HistoryFormat
{
    /// <summary>A JSON object a line: messages with their outcomes, transfers, identities. Nothing is lost.</summary>
    JsonLines,

    /// <summary>
    /// Messages as a table that spreadsheets read: RFC 4180 in UTF-8 with a byte order mark. A field that a spreadsheet would
    /// take for a formula begins with an apostrophe more, which an import takes away again.
    /// </summary>
    Csv,
}
