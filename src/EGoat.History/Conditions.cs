using System.Globalization;
using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>The conditions of a query that are set, joined by AND.</summary>
internal sealed class Conditions
{
    private readonly List<string> _conditions = [];

    public List<(string Name, object? Value)> Parameters { get; } = [];

    /// <summary>Which of the rows that are found a query wants.</summary>
    public static string Page(HistoryQuery query) => string.Create(CultureInfo.InvariantCulture, $" LIMIT {query.Take ?? -1} OFFSET {query.Skip}");

    /// <summary>What must be done to a connection before it can run the query; null: nothing.</summary>
    public Action<SqliteConnection>? Prepare { get; set; }

    /// <summary>Adds a condition with its parameter, unless that is null.</summary>
    public void Add(string condition, string parameter, object? value)
    {
        if (value is not null)
        {
            _conditions.Add(condition);
            Parameters.Add((parameter, value));
        }
    }

    public override string ToString() => _conditions.Count == 0 ? "" : " WHERE " + string.Join(" AND ", _conditions);
}
