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
}
