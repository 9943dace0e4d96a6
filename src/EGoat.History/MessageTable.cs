using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>Messages, one row for each (sender identity, id).</summary>
internal static class MessageTable
{
    /// <summary>What <see cref="Read"/> reads, in its order, from a table named <c>messages</c>.</summary>
    public const string Columns = "sequence, id, messages.room, messages.name, messages.identity, text, sent_at, received_at, direction, private";

    public static (EGoatMessage Message, bool IsNew) Add(SqliteConnection connection, EGoatMessage message)
    {
        int added = connection.ExecuteKept(
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
        long sequence = connection.GetNumberKept("SELECT sequence FROM messages WHERE identity = $identity AND id = $id", ("$identity", message.FromIdentity), ("$id", message.Id));
        return (message with { Sequence = sequence, Kept = true }, added > 0);
    }

    /// <summary>The messages of a query, as they are asked for.</summary>
    public static IEnumerable<EGoatMessage> Find(SqliteConnection connection, HistoryQuery query)
    {
        (string sql, Conditions where) = Select(query);
        where.Prepare?.Invoke(connection);
        return connection.Stream(sql, Read, where.Parameters);
    }

    public static (string Sql, Conditions Where) Select(HistoryQuery query)
    {
        Conditions where = Where(query);
        return ($"SELECT {Columns} FROM messages{where} ORDER BY sequence {(query.NewestFirst ? "DESC" : "ASC")}{Conditions.Page(query)}", where);
    }

    public static Conditions Where(HistoryQuery query)
    {
        var where = new Conditions();
        where.Add("room = $room", "$room", query.Room);
        where.Add("(identity = $peer OR name = $peer)", "$peer", query.Peer);
        where.Add("received_at >= $since", "$since", query.Since?.ToUnixTimeMilliseconds());
        where.Add("received_at < $until", "$until", query.Until?.ToUnixTimeMilliseconds());
        where.Add("sequence > $after", "$after", query.AfterSequence);
        where.Add("sequence < $before", "$before", query.BeforeSequence);
        where.Add("direction = $direction", "$direction", query.Direction?.ToString());
        SearchText.Parse(query.Text)?.AddTo(where);
        return where;
    }

    public static EGoatMessage Read(SqliteDataReader row) => new()
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
}
