using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>Runs queries, each over a connection of its own, so that none waits for a write.</summary>
internal sealed class HistoryReader(HistoryFile file, HistoryWriter writer)
{
    /// <summary>Runs a query that is short.</summary>
    /// <exception cref="HistoryException">The file cannot be read.</exception>
    public async Task<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken cancellationToken)
    {
        (SqliteConnection connection, _) = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return Guard(() => read(connection), cancellationToken);
        }
    }

    /// <summary>Returns rows as they are found.</summary>
    /// <exception cref="HistoryException">The file cannot be read, or finding a row takes too long.</exception>
    public async IAsyncEnumerable<T> StreamAsync<T>(string sql, Conditions where, HistoryQuery query, Func<SqliteDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        sql += string.Create(CultureInfo.InvariantCulture, $" LIMIT {query.Take ?? -1} OFFSET {query.Skip}");
        (SqliteConnection connection, QueryLimit limit) = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            using SqliteCommand command = connection.CreateCommand(sql, [.. where.Parameters]);
            using SqliteDataReader row = Guard(command.ExecuteReader, cancellationToken);
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                limit.Restart();
                (bool isRow, T? value) = Guard(() => row.Read() ? (true, read(row)) : (false, default(T)), cancellationToken);
                if (!isRow)
                {
                    yield break;
                }

                yield return value!;
            }
        }
    }

    private async Task<(SqliteConnection Connection, QueryLimit Limit)> OpenAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!File.Exists(file.Path))
        {
            // It was removed; the writer begins a new one.
            await writer.WriteAsync(_ => true, cancellationToken).ConfigureAwait(false);
        }

        return file.OpenForReading(cancellationToken);
    }

    // What a damaged file holds may be anything, and so may be what is thrown when it is read.
    private T Guard<T>(Func<T> read, CancellationToken cancellationToken)
    {
        try
        {
            return read();
        }
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw file.Explain(e);
        }
    }
}
