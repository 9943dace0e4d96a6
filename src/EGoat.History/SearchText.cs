using System.Text;
using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>
/// A search as its words: each must be in the text, anywhere, in any order, taken literally. Words of three characters and more
/// are found by the index of trigrams; shorter ones, which it cannot find, by looking at the texts.
/// </summary>
internal sealed class SearchText
{
    /// <summary>The name of the function that looks at a text.</summary>
    private const string Contains = "egoat_contains";

    /// <summary>More words restrict a search no further.</summary>
    private const int MaxWords = 64;

    private readonly List<string> _short = [];
    private readonly StringBuilder _phrases = new();

    private SearchText(string text)
    {
        // SQLite ends a search at U+0000, so that it parts words like a space.
        foreach (string word in text.Replace('\0', ' ').Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(MaxWords))
        {
            if (word.EnumerateRunes().Take(3).Count() < 3)
            {
                _short.Add(word);
            }
            else
            {
                _phrases.Append('"').Append(word.Replace("\"", "\"\"", StringComparison.Ordinal)).Append("\" ");
            }
        }
    }

    /// <summary>The words of a text; null if there are none.</summary>
    public static SearchText? Parse(string? text) => string.IsNullOrWhiteSpace(text?.Replace('\0', ' ')) ? null : new SearchText(text);

    /// <summary>Adds what a message must fulfil.</summary>
    public void AddTo(Conditions where)
    {
        if (_phrases.Length > 0)
        {
            where.Add("sequence IN (SELECT rowid FROM messages_text WHERE messages_text MATCH $phrases)", "$phrases", _phrases.ToString());
        }

        for (int i = 0; i < _short.Count; i++)
        {
            where.Prepare = Prepare;
            where.Add($"{Contains}(text, $word{i})", $"$word{i}", _short[i]);
        }
    }

    // Makes the function known that the conditions call.
    private static void Prepare(SqliteConnection connection) =>
        connection.CreateFunction(Contains, (string text, string word) => text.Contains(word, StringComparison.OrdinalIgnoreCase), isDeterministic: true);
}
