using Microsoft.Data.Sqlite;

namespace EGoat.Benchmarks.Measuring;

/// <summary>The baseline of the history: SQLite with the same durability (WAL, synchronous=FULL), one table, no index, prepared statements.</summary>
internal sealed class PlainDatabase : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;

    public PlainDatabase(string path)
    {
        SQLitePCL.Batteries_V2.Init();
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        _connection.Open();
        foreach (string sql in (string[])
        [
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE messages (sequence INTEGER PRIMARY KEY, id TEXT, room TEXT, name TEXT, identity TEXT, text TEXT, sent_at INTEGER, received_at INTEGER, direction TEXT, private INTEGER)",
        ])
        {
            Execute(sql);
        }

        _insert = _connection.CreateCommand();
        _insert.CommandText = "INSERT INTO messages VALUES (NULL, $id, $room, $name, $identity, $text, $sentAt, $receivedAt, $direction, $private)";
        foreach (string name in (string[])["$id", "$room", "$name", "$identity", "$text", "$sentAt", "$receivedAt", "$direction", "$private"])
        {
            _insert.Parameters.Add(new SqliteParameter { ParameterName = name });
        }

        _insert.Prepare();
    }

    /// <summary>Inserts messages in one transaction.</summary>
    public void Insert(IEnumerable<EGoatMessage> messages)
    {
        Execute("BEGIN IMMEDIATE");
        foreach (EGoatMessage message in messages)
        {
            object[] values =
            [
                message.Id, message.Room, message.From, message.FromIdentity, message.Text, message.SentAt.ToUnixTimeMilliseconds(),
                message.ReceivedAt.ToUnixTimeMilliseconds(), message.Direction.ToString(), message.Private,
            ];
            for (int i = 0; i < values.Length; i++)
            {
                _insert.Parameters[i].Value = values[i];
            }

            _insert.ExecuteNonQuery();
        }

        Execute("COMMIT");
    }

    /// <summary>Reads the texts of messages that meet a condition; returns how many there were.</summary>
    public int Read(string condition)
    {
        using SqliteCommand command = _connection.CreateCommand();
#pragma warning disable CA2100 // Only constants of this program come here.
        command.CommandText = $"SELECT * FROM messages {condition}";
#pragma warning restore CA2100
        using SqliteDataReader row = command.ExecuteReader();
        int count = 0;
        while (row.Read())
        {
            count += row.GetString(5).Length > 0 ? 1 : 0;
        }

        return count;
    }

    public void Dispose()
    {
        _insert.Dispose();
        _connection.Dispose();
    }

    private void Execute(string sql)
    {
        using SqliteCommand command = _connection.CreateCommand();
#pragma warning disable CA2100 // Only constants of this program come here.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
