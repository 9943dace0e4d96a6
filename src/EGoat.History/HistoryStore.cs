using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>
/// <c>chat.db</c>: a SQLite file in WAL mode with synchronous=FULL, so that what was acknowledged survives a power cut.
/// Several processes of one user may have it open at once.
/// </summary>
public sealed class HistoryStore : IRoomStore, IAsyncDisposable
{
    /// <summary>How long a process waits for another one's commit.</summary>
    private const int BusyTimeoutSeconds = 5;

    private readonly string _connectionString;
    private readonly HistoryWriter _writer;
    private readonly TimeProvider _time;

    private HistoryStore(string path, string connectionString, SqliteConnection connection, TimeProvider time)
    {
        Path = path;
        _connectionString = connectionString;
        _time = time;
        _writer = new HistoryWriter(connection);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Opens the file, makes it if it is not there, and brings it up to date.</summary>
    /// <exception cref="HistoryException">It cannot be opened, is damaged, or comes from a later version.</exception>
    public static HistoryStore Open(string path, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SQLitePCL.Batteries_V2.Init();
        string connectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = BusyTimeoutSeconds, Pooling = false }.ToString();
        var connection = new SqliteConnection(connectionString);
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
            connection.Open();
            connection.Execute($"PRAGMA busy_timeout = {BusyTimeoutSeconds * 1000}");
            connection.Execute("PRAGMA journal_mode = WAL");
            connection.Execute("PRAGMA synchronous = FULL");
            Schema.Migrate(connection, path);
            return new HistoryStore(path, connectionString, connection, time ?? TimeProvider.System);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            connection.Dispose();
            throw new HistoryException(Explain(path, e), e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<(EGoatMessage Message, bool IsNew)> AddMessageAsync(EGoatMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        return _writer.WriteAsync(connection => MessageTable.Add(connection, message), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask PutDeliveriesAsync(IReadOnlyList<EGoatDelivery> deliveries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deliveries);
        await _writer.WriteAsync(
            connection =>
            {
                foreach (EGoatDelivery delivery in deliveries)
                {
                    DeliveryTable.Put(connection, delivery);
                }

                return deliveries.Count;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<EGoatMessage>> GetWaitingAsync(string room, string identity, CancellationToken cancellationToken) =>
        await ReadAsync(connection => DeliveryTable.GetWaiting(connection, room, identity), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<EGoatDelivery>> GetDeliveriesAsync(IReadOnlyList<string> messageIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messageIds);
        return await ReadAsync(connection => DeliveryTable.Get(connection, messageIds), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<EGoatDelivery>> ExpireDeliveriesAsync(DateTimeOffset before, int maxPerRecipient, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxPerRecipient);
        return await _writer.WriteAsync(connection => DeliveryTable.Expire(connection, before, maxPerRecipient, _time.GetUtcNow()), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask PutTransferAsync(EGoatTransfer transfer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        await _writer.WriteAsync(
            connection =>
            {
                TransferTable.Put(connection, transfer);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<IdentitySighting> NoteIdentityAsync(string identity, string name, string room, DateTimeOffset at, CancellationToken cancellationToken) =>
        _writer.WriteAsync(connection => IdentityTable.Note(connection, identity, name, room, at), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<EGoatMessage> QueryMessagesAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var where = new Conditions();
        where.Add("room = $room", "$room", query.Room);
        where.Add("(identity = $peer OR name = $peer)", "$peer", query.Peer);
        where.Add("received_at >= $since", "$since", query.Since?.ToUnixTimeMilliseconds());
        where.Add("received_at < $until", "$until", query.Until?.ToUnixTimeMilliseconds());
        where.Add("sequence > $after", "$after", query.AfterSequence);
        where.Add("sequence < $before", "$before", query.BeforeSequence);
        where.Add("sequence IN (SELECT rowid FROM messages_text WHERE messages_text MATCH $text)", "$text", ToPhrases(query.Text));
        string sql = $"SELECT {MessageTable.Columns} FROM messages{where} ORDER BY sequence {(query.NewestFirst ? "DESC" : "ASC")}";
        return ReadAsync(sql, where, query, MessageTable.Read, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<EGoatTransfer> QueryTransfersAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var where = new Conditions();
        where.Add("room = $room", "$room", query.Room);
        where.Add("(peer_identity = $peer OR peer = $peer)", "$peer", query.Peer);
        where.Add("started >= $since", "$since", query.Since?.ToUnixTimeMilliseconds());
        where.Add("started < $until", "$until", query.Until?.ToUnixTimeMilliseconds());
        string sql = $"SELECT {TransferTable.Columns} FROM transfers{where} ORDER BY started {(query.NewestFirst ? "DESC" : "ASC")}, rowid";
        return ReadAsync(sql, where, query, TransferTable.Read, cancellationToken);
    }

    /// <summary>Writes what waits, and closes the file.</summary>
    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    private static string Explain(string path, Exception e) => e switch
    {
        SqliteException { SqliteErrorCode: 26 or 11 } => $"The history '{path}' is damaged or not a database. Move it away (a new one is made), or restore a copy.",
        SqliteException { SqliteErrorCode: 14 or 8 or 10 } or IOException or UnauthorizedAccessException => $"The history '{path}' cannot be opened for writing. Choose another folder with --data, or mend its permissions.",
        SqliteException { SqliteErrorCode: 5 or 6 } => $"The history '{path}' is locked by another process.",
        _ => $"The history '{path}' cannot be opened: {e.Message}",
    };

    // Words as they stand, in any order; nothing in them is an operator of the search.
    private static string? ToPhrases(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var phrases = new StringBuilder();
        foreach (string word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            phrases.Append('"').Append(word.Replace("\"", "\"\"", StringComparison.Ordinal)).Append("\" ");
        }

        return phrases.ToString();
    }

    private async Task<List<T>> ReadAsync<T>(Func<SqliteConnection, List<T>> read, CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(_connectionString);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                return read(connection);
            }
            catch (SqliteException e)
            {
                throw new HistoryException(Explain(Path, e), e);
            }
        }
    }

    private async IAsyncEnumerable<T> ReadAsync<T>(string sql, Conditions where, HistoryQuery query, Func<SqliteDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        sql += string.Create(CultureInfo.InvariantCulture, $" LIMIT {query.Take ?? -1} OFFSET {query.Skip}");
        var connection = new SqliteConnection(_connectionString);
        await using (connection.ConfigureAwait(false))
        {
            using SqliteCommand command = connection.CreateCommand(sql, [.. where.Parameters]);
            using SqliteDataReader row = await OpenReaderAsync(connection, command, cancellationToken).ConfigureAwait(false);
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return read(row);
            }
        }
    }

    private async Task<SqliteDataReader> OpenReaderAsync(SqliteConnection connection, SqliteCommand command, CancellationToken cancellationToken)
    {
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            throw new HistoryException(Explain(Path, e), e);
        }
    }

    /// <summary>The conditions of a query that are set, joined by AND.</summary>
    private sealed class Conditions
    {
        private readonly List<string> _conditions = [];

        public List<(string Name, object? Value)> Parameters { get; } = [];

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
}
