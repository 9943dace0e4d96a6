using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>Runs statements that are constants of this assembly; values are always parameters.</summary>
internal static class Sql
{
    /// <summary>Statements that one connection keeps compiled; more are compiled each time.</summary>
    private const int MaxKept = 32;

    private static readonly ConditionalWeakTable<SqliteConnection, Dictionary<string, SqliteCommand>> Kept = [];

    /// <summary>Keeps what <see cref="ExecuteKept"/> and <see cref="GetNumberKept"/> run compiled for as long as the connection is open: compiling an insertion with its triggers costs as much as running it.</summary>
    public static int ExecuteKept(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        connection.GetKept(sql, parameters) is { } kept ? kept.ExecuteNonQuery() : connection.Execute(sql, parameters);

    /// <summary>As <see cref="GetNumber"/>, with a statement that is kept.</summary>
    public static long GetNumberKept(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        connection.GetKept(sql, parameters) is { } kept ? kept.ExecuteScalar() is long value ? value : 0 : connection.GetNumber(sql, parameters);

    /// <summary>Runs a statement and returns how many rows it changed.</summary>
    public static int Execute(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = connection.CreateCommand(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>Ends a transaction that failed. It may be gone already: SQLite ends it itself when the disk is full.</summary>
    public static void TryRollBack(this SqliteConnection connection)
    {
        try
        {
            connection.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // There is no transaction.
        }
    }

    /// <summary>The first value of the first row as a number; 0 if there is none.</summary>
    public static long GetNumber(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = connection.CreateCommand(sql, parameters);
        return command.ExecuteScalar() is long value ? value : 0;
    }

    /// <summary>All rows of a query.</summary>
    public static List<T> Query<T>(this SqliteConnection connection, string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = connection.CreateCommand(sql, parameters);
        using SqliteDataReader row = command.ExecuteReader();
        var rows = new List<T>();
        while (row.Read())
        {
            rows.Add(read(row));
        }

        return rows;
    }

    /// <summary>The rows of a query, as they are asked for.</summary>
    public static IEnumerable<T> Stream<T>(this SqliteConnection connection, string sql, Func<SqliteDataReader, T> read, IReadOnlyList<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = connection.CreateCommand(sql, [.. parameters]);
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            yield return read(row);
        }
    }

    public static SqliteCommand CreateCommand(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constants of this assembly come here.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach ((string name, object? value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    // Null when enough are kept.
    private static SqliteCommand? GetKept(this SqliteConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        Dictionary<string, SqliteCommand> kept = Kept.GetOrCreateValue(connection);
        if (!kept.TryGetValue(sql, out SqliteCommand? command))
        {
            if (kept.Count == MaxKept)
            {
                return null;
            }

            return kept[sql] = connection.CreateCommand(sql, parameters);
        }

        for (int i = 0; i < parameters.Length; i++)
        {
            command.Parameters[i].Value = parameters[i].Value ?? DBNull.Value;
        }

        return command;
    }
}
