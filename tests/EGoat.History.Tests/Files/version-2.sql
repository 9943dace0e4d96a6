-- chat.db as version 2 of the schema had it. Does not change.
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

INSERT INTO identities VALUES ('id-bob', 'bobby', 'lobby', 1, 5), ('id-bob', 'bob', 'lobby', 1, 9);
INSERT INTO messages (id, room, name, identity, text, sent_at, received_at, direction, private) VALUES
    ('m1', 'lobby', 'ada', 'id-ada', 'the first goat', 1000, 1000, 'Sent', 0),
    ('m2', 'lobby', 'bob', 'id-bob', '山田さんこんにちは', 2000, 2000, 'Received', 1);
INSERT INTO receipts VALUES ('m1', 'id-bob', 1500), ('m1', 'id-carol', 1600), ('gone', 'id-bob', 1700);
INSERT INTO transfers VALUES ('t1', 'id-bob', 'goat', 'lobby', '/goat', 'bob', 'Sent', 1, 1, 0, NULL, 'Completed', NULL, 1000, 2000, 1.0);
PRAGMA user_version = 2;
