-- A million blocks: paged by `seq`, where a block that is said again moves to the front, and counted by prefix length,
-- since counting rows would read all of them at every change.
ALTER TABLE block RENAME TO block_before;
CREATE TABLE block (
    seq        INTEGER PRIMARY KEY,
    cidr       TEXT    NOT NULL UNIQUE,
    prefix_len INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    author     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revision   INTEGER NOT NULL,
    forced     INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO block (cidr, prefix_len, reason, author, created_at, expires_at, revision)
    SELECT cidr, prefix_len, reason, author, created_at, expires_at, revision FROM block_before
    ORDER BY created_at, cidr DESC;
DROP TABLE block_before;
CREATE INDEX block_by_expiry ON block (expires_at, prefix_len) WHERE expires_at IS NOT NULL;

CREATE TABLE block_count (
    prefix_len INTEGER PRIMARY KEY,
    count      INTEGER NOT NULL
) STRICT;
INSERT INTO block_count SELECT prefix_len, count(*) FROM block GROUP BY prefix_len;

CREATE TABLE allowed (
    cidr       TEXT    PRIMARY KEY,
    reason     TEXT    NOT NULL,
    author     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL
) STRICT;

-- What holds for the whole fleet, by name.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The changes of a long revision are kept deflated in `packed`, and `changes` is empty.
ALTER TABLE revision ADD COLUMN packed BLOB;
ALTER TABLE revision ADD COLUMN change_count INTEGER NOT NULL DEFAULT 1;
