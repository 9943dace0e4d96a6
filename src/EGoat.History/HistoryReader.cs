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
    public async IAsyncEnumerable<T> StreamAsync<T>(string sql, Conditions where, Func<SqliteDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (SqliteConnection connection, QueryLimit limit) = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            where.Prepare?.Invoke(connection);
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

    /// <summary>Runs something that takes long over the history as it is now.</summary>
    /// <exception cref="HistoryException">The file cannot be read.</exception>
    public async Task<T> SnapshotAsync<T>(Func<SqliteConnection, Task<T>> read, CancellationToken cancellationToken)
    {
        (SqliteConnection connection, QueryLimit limit) = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            limit.Lift();
            try
            {
                connection.Execute("BEGIN");
                return await read(connection).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SqliteException or InvalidCastException or ArgumentException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw file.Explain(e);
            }
        }
    }

    /// <summary>Copies the history as it is now.</summary>
    public async Task CopyAsync(string path, bool overwrite, CancellationToken cancellationToken)
    {
        (SqliteConnection connection, QueryLimit limit) = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            limit.Lift();
            connection.Execute("PRAGMA query_only = OFF");
            try
            {
                await Task.Run(() => HistoryCopy.Save(connection, path, overwrite), cancellationToken).ConfigureAwait(false);
            }
            catch (SqliteException e)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw file.Explain(e);
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
