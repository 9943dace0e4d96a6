using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>Removes rows for good: their pages are overwritten, and the index of the search is written anew without them.</summary>
internal static class Removal
{
    public static HistoryRemoval Run(SqliteConnection connection, string? room, DateTimeOffset? before)
    {
        connection.Execute("PRAGMA secure_delete = ON");
        try
        {
            long? time = before?.ToUnixTimeMilliseconds();
            var sent = new Conditions();
            sent.Add("room = $room", "$room", room);
            sent.Add("received_at < $before", "$before", time);
            sent.Add("direction = $direction", "$direction", nameof(EGoatDirection.Sent));
            connection.Execute($"DELETE FROM deliveries WHERE message_id IN (SELECT id FROM messages{sent})", [.. sent.Parameters]);

            var said = new Conditions();
            said.Add("room = $room", "$room", room);
            said.Add("received_at < $before", "$before", time);
            int messages = connection.Execute($"DELETE FROM messages{said}", [.. said.Parameters]);

            var carried = new Conditions();
            carried.Add("room = $room", "$room", room);
            carried.Add("started < $before", "$before", time);
            int transfers = connection.Execute($"DELETE FROM transfers{carried}", [.. carried.Parameters]);
            if (messages > 0)
            {
                connection.Execute("INSERT INTO messages_text (messages_text) VALUES ('optimize')");
            }

            return new HistoryRemoval(messages, transfers);
        }
        finally
        {
            connection.Execute("PRAGMA secure_delete = OFF");
        }
    }
}
