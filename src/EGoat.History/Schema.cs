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

        // Parts of words are found, and words of scripts that put no spaces between them.
        """
        DROP TABLE messages_text;
        CREATE VIRTUAL TABLE messages_text USING fts5 (text, content = 'messages', content_rowid = 'sequence', tokenize = 'trigram');
        INSERT INTO messages_text (messages_text) VALUES ('rebuild');
        """,
    ];

    /// <summary>The version that a file has after <see cref="Migrate"/>.</summary>
    public static int Version => Migrations.Length;

    /// <summary>Makes an empty database one of a version.</summary>
    public static void Create(SqliteConnection connection, int version)
    {
        for (int i = 0; i < version; i++)
        {
            connection.Execute(Migrations[i]);
        }
    }

    /// <summary>Brings a file to this version. One of a later version, or that holds what is not E-Goat's, is refused.</summary>
    /// <exception cref="HistoryException">It is refused.</exception>
    public static void Migrate(SqliteConnection connection, string path)
    {
        if (Check(connection, path) == Version)
        {
            return; // Nothing is written, so that a file that another program holds can be opened too.
        }

        connection.Execute("BEGIN IMMEDIATE");
        try
        {
            // Another process may have done it meanwhile.
            for (long present = Check(connection, path); present < Version; present++)
            {
                connection.Execute(Migrations[present]);
            }

            connection.Execute($"PRAGMA user_version = {Migrations.Length}");
            LogGeneration.Advance(connection);
            connection.Execute("COMMIT");
        }
        catch
        {
            connection.TryRollBack();
            throw;
        }
    }

    private static long Check(SqliteConnection connection, string path)
    {
        long present = connection.GetNumber("PRAGMA user_version");
        if (present > Version)
        {
            throw new HistoryException(HistoryFailure.LaterVersion, $"The history '{path}' was made by a later version of E-Goat. Update this one, or use another file with --database.");
        }

        SchemaCheck.Verify(connection, path, present);
        return present;
    }
}
