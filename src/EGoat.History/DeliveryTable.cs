using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>Outcomes of sent messages, one row for each (message id, recipient identity). Those that wait are the outbox.</summary>
internal static class DeliveryTable
{
    private const string Columns = "message_id, identity, room, name, state, reason, at";

    // Confirmed is final: two processes of one installation may both have sent a message, and only one knows the answer.
    // What waits keeps its beginning, so that asking again does not prolong its time.
    public static void Put(SqliteConnection connection, EGoatDelivery delivery) => connection.ExecuteKept(
        """
        INSERT INTO deliveries VALUES ($id, $identity, $room, $name, $state, $reason, $at)
        ON CONFLICT DO UPDATE SET
            room = excluded.room,
            name = excluded.name,
            state = excluded.state,
            reason = excluded.reason,
            at = CASE WHEN state = 'Waiting' AND excluded.state = 'Waiting' THEN at ELSE excluded.at END
        WHERE state <> 'Confirmed'
        """,
        ("$id", delivery.MessageId),
        ("$identity", delivery.PeerIdentity),
        ("$room", delivery.Room),
        ("$name", delivery.Peer),
        ("$state", delivery.State.ToString()),
        ("$reason", delivery.Reason),
        ("$at", delivery.At.ToUnixTimeMilliseconds()));

    // Nothing that waits somewhere else goes out from here. What is there stays.
    public static void Import(SqliteConnection connection, EGoatDelivery delivery) => connection.Execute(
        "INSERT OR IGNORE INTO deliveries VALUES ($id, $identity, $room, $name, $state, $reason, $at)",
        ("$id", delivery.MessageId),
        ("$identity", delivery.PeerIdentity),
        ("$room", delivery.Room),
        ("$name", delivery.Peer),
        ("$state", (delivery.State == EGoatDeliveryState.Waiting ? EGoatDeliveryState.NotConfirmed : delivery.State).ToString()),
        ("$reason", delivery.State == EGoatDeliveryState.Waiting ? "It was waiting where it was exported." : delivery.Reason),
        ("$at", delivery.At.ToUnixTimeMilliseconds()));

    public static List<EGoatMessage> GetWaiting(SqliteConnection connection, string room, string identity) => connection.Query(
        $"""
        SELECT {MessageTable.Columns} FROM deliveries JOIN messages ON id = message_id
        WHERE deliveries.identity = $identity AND deliveries.room = $room AND state = 'Waiting' AND direction = 'Sent'
        ORDER BY sequence
        """,
        MessageTable.Read,
        ("$room", room),
        ("$identity", identity));

    public static List<EGoatDelivery> Get(SqliteConnection connection, IEnumerable<string> messageIds) => connection.Query(
        $"SELECT {Columns} FROM deliveries WHERE message_id IN (SELECT value FROM json_each($ids)) ORDER BY rowid",
        Read,
        ("$ids", new JsonArray([.. messageIds.Select(id => (JsonNode?)JsonValue.Create(id))]).ToJsonString()));

    /// <summary>Gives up what waits for too long, and the oldest where too many wait.</summary>
    public static List<EGoatDelivery> Expire(SqliteConnection connection, DateTimeOffset before, int maxPerRecipient, DateTimeOffset now)
    {
        List<EGoatDelivery> expired =
        [
            .. GiveUp(connection, "at < $limit", "The recipient was not in the room again in time.", before.ToUnixTimeMilliseconds(), now),
            .. GiveUp(
                connection,
                "rowid IN (SELECT rowid FROM (SELECT rowid, row_number() OVER (PARTITION BY identity ORDER BY at DESC, rowid DESC) AS age FROM deliveries WHERE state = 'Waiting') WHERE age > $limit)",
                "Too many messages were waiting for the recipient.",
                maxPerRecipient,
                now),
        ];
        return expired;
    }

    private static List<EGoatDelivery> GiveUp(SqliteConnection connection, string condition, string reason, long limit, DateTimeOffset now) => connection.Query(
        $"UPDATE deliveries SET state = 'NotConfirmed', reason = $reason, at = $now WHERE state = 'Waiting' AND {condition} RETURNING {Columns}",
        Read,
        ("$reason", reason),
        ("$limit", limit),
        ("$now", now.ToUnixTimeMilliseconds()));

    private static EGoatDelivery Read(SqliteDataReader row) => new()
    {
        MessageId = row.GetString(0),
        PeerIdentity = row.GetString(1),
        Room = row.GetString(2),
        Peer = row.GetString(3),
        State = Enum.Parse<EGoatDeliveryState>(row.GetString(4)),
        Reason = row.IsDBNull(5) ? null : row.GetString(5),
        At = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)),
    };
}
