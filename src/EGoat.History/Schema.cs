using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>The tables of <c>chat.db</c>; <c>user_version</c> says which migrations have run. Times are milliseconds since 1970.</summary>
internal static class Schema
{
    /// <summary>Each entry leads from its index to the next version. Released ones never change.</summary>
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE identities (
            identity   TEXT NOT NULL,
            name       TEXT NOT NULL,
            room       TEXT NOT NULL,
            first_seen INTEGER NOT NULL,
            last_seen  INTEGER NOT NULL,
            PRIMARY KEY (identity, name)
        );
        CREATE INDEX identities_name ON identities (name);

        CREATE TABLE messages (
            sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
            id          TEXT NOT NULL,
            room        TEXT NOT NULL,
            name        TEXT NOT NULL,
            identity    TEXT NOT NULL,
            text        TEXT NOT NULL,
            sent_at     INTEGER NOT NULL,
            received_at INTEGER NOT NULL,
            direction   TEXT NOT NULL CHECK (direction IN ('Received', 'Sent')),
            private     INTEGER NOT NULL,
            UNIQUE (identity, id)
        );
        CREATE INDEX messages_room ON messages (room, sequence);
        CREATE INDEX messages_received_at ON messages (received_at);
        CREATE VIRTUAL TABLE messages_text USING fts5 (text, content = 'messages', content_rowid = 'sequence');
        CREATE TRIGGER messages_inserted AFTER INSERT ON messages BEGIN
            INSERT INTO messages_text (rowid, text) VALUES (new.sequence, new.text);
        END;
        CREATE TRIGGER messages_deleted AFTER DELETE ON messages BEGIN
            INSERT INTO messages_text (messages_text, rowid, text) VALUES ('delete', old.sequence, old.text);
        END;

        CREATE TABLE receipts (
            message_id TEXT NOT NULL,
            identity   TEXT NOT NULL,
            at         INTEGER NOT NULL,
            PRIMARY KEY (message_id, identity)
        );

        CREATE TABLE transfers (
            id            TEXT NOT NULL,
            peer_identity TEXT NOT NULL,
            name          TEXT NOT NULL,
            room          TEXT NOT NULL,
            path          TEXT NOT NULL,
            peer          TEXT NOT NULL,
            direction     TEXT NOT NULL,
            length        INTEGER NOT NULL,
            transferred   INTEGER NOT NULL,
            resumed       INTEGER NOT NULL,
            tree_hash     TEXT,
            state         TEXT NOT NULL,
            error         TEXT,
            started       INTEGER NOT NULL,
            finished      INTEGER,
            rate          REAL NOT NULL,
            PRIMARY KEY (id, peer_identity, name)
        );
        CREATE INDEX transfers_started ON transfers (started);
        """,

        // Two processes of one installation send to each other: either side of a transfer is a row of its own.
        """
        ALTER TABLE transfers RENAME TO transfers_1;
        CREATE TABLE transfers (
            id            TEXT NOT NULL,
            peer_identity TEXT NOT NULL,
            name          TEXT NOT NULL,
            room          TEXT NOT NULL,
            path          TEXT NOT NULL,
            peer          TEXT NOT NULL,
            direction     TEXT NOT NULL,
            length        INTEGER NOT NULL,
            transferred   INTEGER NOT NULL,
            resumed       INTEGER NOT NULL,
            tree_hash     TEXT,
            state         TEXT NOT NULL,
            error         TEXT,
            started       INTEGER NOT NULL,
            finished      INTEGER,
            rate          REAL NOT NULL,
            PRIMARY KEY (id, peer_identity, name, direction)
        );
        INSERT INTO transfers SELECT * FROM transfers_1 ORDER BY rowid;
        DROP TABLE transfers_1;
        CREATE INDEX transfers_started ON transfers (started);
        """,

        // A receipt is one of several outcomes that a message has for a recipient; what waits for a recipient is the outbox.
        """
        CREATE TABLE deliveries (
            message_id TEXT NOT NULL,
            identity   TEXT NOT NULL,
            room       TEXT NOT NULL,
            name       TEXT NOT NULL,
            state      TEXT NOT NULL CHECK (state IN ('Waiting', 'Confirmed', 'NotConfirmed')),
            reason     TEXT,
            at         INTEGER NOT NULL,
            PRIMARY KEY (message_id, identity)
        );
        CREATE INDEX deliveries_waiting ON deliveries (identity, room) WHERE state = 'Waiting';
        CREATE INDEX messages_sent ON messages (id) WHERE direction = 'Sent';
        INSERT INTO deliveries SELECT
            message_id,
            identity,
            coalesce((SELECT room FROM messages WHERE id = message_id AND direction = 'Sent'), ''),
            coalesce((SELECT name FROM identities WHERE identities.identity = receipts.identity ORDER BY last_seen DESC), ''),
            'Confirmed',
            NULL,
            at
        FROM receipts ORDER BY rowid;
        DROP TABLE receipts;
        """,
    ];

    /// <summary>Brings the file to this version; a file of a later one is refused.</summary>
    public static void Migrate(SqliteConnection connection, string path)
    {
        connection.Execute("BEGIN IMMEDIATE");
        try
        {
            using SqliteCommand version = connection.CreateCommand();
            version.CommandText = "PRAGMA user_version";
            long present = (long)version.ExecuteScalar()!;
            if (present > Migrations.Length)
            {
                throw new HistoryException($"The history '{path}' was made by a later version of E-Goat. Update this one, or use another file.");
            }

            for (long i = present; i < Migrations.Length; i++)
            {
                connection.Execute(Migrations[i]);
            }

            connection.Execute($"PRAGMA user_version = {Migrations.Length}");
            connection.Execute("COMMIT");
        }
        catch
        {
            connection.Execute("ROLLBACK");
            throw;
        }
    }
}
