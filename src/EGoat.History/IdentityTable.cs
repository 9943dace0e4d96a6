using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>Who was seen under which name, one row for each (identity, name).</summary>
internal static class IdentityTable
{
    public static IdentitySighting Note(SqliteConnection connection, string identity, string name, string room, DateTimeOffset at)
    {
        bool isNew = connection.GetNumber("SELECT count(*) FROM identities WHERE identity = $identity", ("$identity", identity)) == 0;
        bool isAnothers = connection.GetNumber("SELECT count(*) FROM identities WHERE name = $name AND identity <> $identity", ("$name", name), ("$identity", identity)) > 0;
        connection.Execute(
            "INSERT INTO identities VALUES ($identity, $name, $room, $at, $at) ON CONFLICT DO UPDATE SET room = $room, last_seen = $at",
            ("$identity", identity),
            ("$name", name),
            ("$room", room),
            ("$at", at.ToUnixTimeMilliseconds()));
        return new IdentitySighting(isNew, isAnothers && isNew);
    }

    public static IEnumerable<SeenIdentity> GetAll(SqliteConnection connection) => connection.Stream(
        "SELECT identity, name, room, first_seen, last_seen FROM identities ORDER BY rowid",
        row => new SeenIdentity(row.GetString(0), row.GetString(1), row.GetString(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4))),
        []);

    /// <summary>Stores one that is not there yet. False: one was there; its times become the earliest and the latest of both.</summary>
    public static bool Import(SqliteConnection connection, SeenIdentity seen)
    {
        (string, object?)[] values =
        [
            ("$identity", seen.Identity), ("$name", seen.Name), ("$room", seen.Room), ("$first", seen.FirstSeen.ToUnixTimeMilliseconds()), ("$last", seen.LastSeen.ToUnixTimeMilliseconds()),
        ];
        if (connection.Execute("INSERT OR IGNORE INTO identities VALUES ($identity, $name, $room, $first, $last)", values) > 0)
        {
            return true;
        }

        connection.Execute("UPDATE identities SET first_seen = min(first_seen, $first), last_seen = max(last_seen, $last) WHERE identity = $identity AND name = $name", values[..2].Concat(values[3..]).ToArray());
        return false;
    }
}
