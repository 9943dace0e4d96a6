using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>
/// Compares what a file holds with what E-Goat makes. A file from elsewhere may hold triggers that forge what is shown, or
/// views that never end in the place of tables. Tables that are somebody's own and touch none of ours are left alone.
/// </summary>
internal static class SchemaCheck
{
    /// <summary>Tables of the full-text index, which SQLite makes in its own words.</summary>
    private const string ShadowPrefix = "messages_text_";

    private const string Listing = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema";

    /// <exception cref="HistoryException">The file holds something else.</exception>
    public static void Verify(SqliteConnection connection, string path, long version)
    {
        if (version < 0)
        {
            throw Refuse(path, "it names an impossible version");
        }

        Entry[] present = [.. connection.Query(Listing, Read)];
        if (version == 0)
        {
            if (present.Length > 0)
            {
                throw new HistoryException(HistoryFailure.Damaged, $"'{path}' is a database of another program. Name another file for the history.");
            }

            return;
        }

        Dictionary<(string Type, string Name), Entry> expected = Expect((int)version);
        foreach (Entry entry in present)
        {
            if (expected.Remove((entry.Type, entry.Name), out Entry ours))
            {
                if (ours != entry && !(entry.Type == "table" && entry.Name.StartsWith(ShadowPrefix, StringComparison.Ordinal)))
                {
                    throw Refuse(path, $"its {entry.Type} '{entry.Name}' is not as E-Goat makes it");
                }
            }
            else if (!IsHarmless(entry, expected))
            {
                throw Refuse(path, $"it holds a {Describe(entry)} that E-Goat did not make");
            }
        }

        if (expected.Count > 0)
        {
            throw Refuse(path, $"its {expected.Keys.First().Type} '{expected.Keys.First().Name}' is missing");
        }
    }

    // What the migrations up to a version make, by running them.
    private static Dictionary<(string Type, string Name), Entry> Expect(int version)
    {
        using var memory = new SqliteConnection("Data Source=:memory:;Pooling=False");
        memory.Open();
        Schema.Create(memory, version);
        return memory.Query(Listing, Read).ToDictionary(e => (e.Type, e.Name));
    }

    // SQLite's own statistics; and tables with their indexes that belong to nothing of ours.
    private static bool IsHarmless(Entry entry, Dictionary<(string Type, string Name), Entry> expected) => entry.Type switch
    {
        "table" => !entry.Sql.StartsWith("CREATE VIRTUAL", StringComparison.OrdinalIgnoreCase),
        "index" => !expected.Values.Any(e => e.Table == entry.Table) && !IsOurs(entry.Table),
        _ => false,
    };

    private static bool IsOurs(string table) =>
        table is "identities" or "messages" or "messages_text" or "receipts" or "deliveries" or "transfers" || table.StartsWith(ShadowPrefix, StringComparison.Ordinal);

    // A name from the file is shown only when it cannot be anything but a name.
    private static string Describe(Entry entry)
    {
        string type = entry.Type is "view" or "trigger" or "index" ? entry.Type : "table";
        return entry.Name.Length <= 64 && entry.Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? $"{type} '{entry.Name}'" : type;
    }

    private static HistoryException Refuse(string path, string what) => new(
        HistoryFailure.Damaged,
        $"The history '{path}' is not used: {what}. Use a copy that nobody has changed, or move the file away (a new one is made).");

    private static Entry Read(SqliteDataReader row) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3));

    private readonly record struct Entry(string Type, string Name, string Table, string Sql);
}
