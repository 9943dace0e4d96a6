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

    private HistoryStore(string path, string connectionString, SqliteConnection connection)
    {
        Path = path;
        _connectionString = connectionString;
        _writer = new HistoryWriter(connection);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Opens the file, makes it if it is not there, and brings it up to date.</summary>
    /// <exception cref="HistoryException">It cannot be opened, is damaged, or comes from a later version.</exception>
    public static HistoryStore Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SQLitePCL.Batteries_V2.Init();
        string connectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = BusyTimeoutSeconds, Pooling = false }.ToString();
        var connection = new SqliteConnection(connectionString);
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
            connection.Open();
            Schema.Execute(connection, $"PRAGMA busy_timeout = {BusyTimeoutSeconds * 1000}");
            Schema.Execute(connection, "PRAGMA journal_mode = WAL");
            Schema.Execute(connection, "PRAGMA synchronous = FULL");
            Schema.Migrate(connection, path);
            return new HistoryStore(path, connectionString, connection);
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
        return _writer.WriteAsync(connection => AddMessage(connection, message), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask AddReceiptAsync(string messageId, string receiverIdentity, DateTimeOffset at, CancellationToken cancellationToken) =>
        await _writer.WriteAsync(
            connection => Run(connection, "INSERT OR IGNORE INTO receipts VALUES ($id, $identity, $at)", ("$id", messageId), ("$identity", receiverIdentity), ("$at", at.ToUnixTimeMilliseconds())),
            cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask PutTransferAsync(EGoatTransfer transfer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        await _writer.WriteAsync(
            connection => Run(
                connection,
                "INSERT OR REPLACE INTO transfers VALUES ($id, $peerIdentity, $name, $room, $path, $peer, $direction, $length, $transferred, $resumed, $treeHash, $state, $error, $started, $finished, $rate)",
                ("$id", transfer.Id),
                ("$peerIdentity", transfer.PeerIdentity),
                ("$name", transfer.Name),
                ("$room", transfer.Room),
                ("$path", transfer.Path),
                ("$peer", transfer.Peer),
                ("$direction", transfer.Direction.ToString()),
                ("$length", transfer.Length),
                ("$transferred", transfer.BytesTransferred),
                ("$resumed", transfer.BytesResumed),
                ("$treeHash", transfer.TreeHash),
                ("$state", transfer.State.ToString()),
                ("$error", transfer.Error),
                ("$started", transfer.Started.ToUnixTimeMilliseconds()),
                ("$finished", transfer.Finished?.ToUnixTimeMilliseconds()),
                ("$rate", transfer.Rate)),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<IdentitySighting> NoteIdentityAsync(string identity, string name, string room, DateTimeOffset at, CancellationToken cancellationToken) =>
        _writer.WriteAsync(
            connection =>
            {
                bool isNew = Count(connection, "SELECT count(*) FROM identities WHERE identity = $identity", ("$identity", identity)) == 0;
                bool isAnothers = Count(connection, "SELECT count(*) FROM identities WHERE name = $name AND identity <> $identity", ("$name", name), ("$identity", identity)) > 0;
                Run(
                    connection,
                    "INSERT INTO identities VALUES ($identity, $name, $room, $at, $at) ON CONFLICT DO UPDATE SET room = $room, last_seen = $at",
                    ("$identity", identity),
                    ("$name", name),
                    ("$room", room),
                    ("$at", at.ToUnixTimeMilliseconds()));
                return new IdentitySighting(isNew, isAnothers && isNew);
            },
            cancellationToken);

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
        string sql = $"SELECT sequence, id, room, name, identity, text, sent_at, received_at, direction, private FROM messages{where} ORDER BY sequence {(query.NewestFirst ? "DESC" : "ASC")}";
        return ReadAsync(sql, where, query, ReadMessage, cancellationToken);
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
        string sql = $"SELECT id, peer_identity, name, room, path, peer, direction, length, transferred, resumed, tree_hash, state, error, started, finished, rate FROM transfers{where} ORDER BY started {(query.NewestFirst ? "DESC" : "ASC")}, rowid";
        return ReadAsync(sql, where, query, ReadTransfer, cancellationToken);
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

    private static (EGoatMessage Message, bool IsNew) AddMessage(SqliteConnection connection, EGoatMessage message)
    {
        int added = Run(
            connection,
            "INSERT OR IGNORE INTO messages (id, room, name, identity, text, sent_at, received_at, direction, private) VALUES ($id, $room, $name, $identity, $text, $sentAt, $receivedAt, $direction, $private)",
            ("$id", message.Id),
            ("$room", message.Room),
            ("$name", message.From),
            ("$identity", message.FromIdentity),
            ("$text", message.Text),
            ("$sentAt", message.SentAt.ToUnixTimeMilliseconds()),
            ("$receivedAt", message.ReceivedAt.ToUnixTimeMilliseconds()),
            ("$direction", message.Direction.ToString()),
            ("$private", message.Private));
        long sequence = Count(connection, "SELECT sequence FROM messages WHERE identity = $identity AND id = $id", ("$identity", message.FromIdentity), ("$id", message.Id));
        return (message with { Sequence = sequence }, added > 0);
    }

    private static EGoatMessage ReadMessage(SqliteDataReader row) => new()
    {
        Sequence = row.GetInt64(0),
        Id = row.GetString(1),
        Room = row.GetString(2),
        From = row.GetString(3),
        FromIdentity = row.GetString(4),
        Text = row.GetString(5),
        SentAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)),
        ReceivedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(7)),
        Direction = Enum.Parse<EGoatDirection>(row.GetString(8)),
        Private = row.GetBoolean(9),
    };

    private static EGoatTransfer ReadTransfer(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        PeerIdentity = row.GetString(1),
        Name = row.GetString(2),
        Room = row.GetString(3),
        Path = row.GetString(4),
        Peer = row.GetString(5),
        Direction = Enum.Parse<EGoatDirection>(row.GetString(6)),
        Length = row.GetInt64(7),
        BytesTransferred = row.GetInt64(8),
        BytesResumed = row.GetInt64(9),
        TreeHash = row.IsDBNull(10) ? null : row.GetString(10),
        State = Enum.Parse<EGoatTransferState>(row.GetString(11)),
        Error = row.IsDBNull(12) ? null : row.GetString(12),
        Started = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(13)),
        Finished = row.IsDBNull(14) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(14)),
        Rate = row.GetDouble(15),
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

    private static int Run(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = Create(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    private static long Count(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = Create(connection, sql, parameters);
        return command.ExecuteScalar() is long value ? value : 0;
    }

    private static SqliteCommand Create(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Built from constants of this class; values are parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach ((string name, object? value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    private async IAsyncEnumerable<T> ReadAsync<T>(string sql, Conditions where, HistoryQuery query, Func<SqliteDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        sql += string.Create(CultureInfo.InvariantCulture, $" LIMIT {query.Take ?? -1} OFFSET {query.Skip}");
        var connection = new SqliteConnection(_connectionString);
        await using (connection.ConfigureAwait(false))
        {
            using SqliteCommand command = Create(connection, sql, [.. where.Parameters]);
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
