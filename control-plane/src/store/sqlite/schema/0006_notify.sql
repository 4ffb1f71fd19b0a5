-- Where notifications go, what waits to be sent there, and what became of it.
CREATE TABLE notify_target (
    id            TEXT    PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    kind          TEXT    NOT NULL,
    -- Scheme, host and port alone: the rest of an address may be a secret.
    shown         TEXT    NOT NULL,
    -- Address and secret, encrypted with a key that is not in the database.
    sealed        BLOB    NOT NULL,
    -- A JSON object of lists.
    filter        TEXT    NOT NULL,
    enabled       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    created_by    TEXT    NOT NULL,
    queued        INTEGER NOT NULL DEFAULT 0,
    delivered     INTEGER NOT NULL DEFAULT 0,
    failed        INTEGER NOT NULL DEFAULT 0,
    given_up      INTEGER NOT NULL DEFAULT 0,
    dropped       INTEGER NOT NULL DEFAULT 0,
    -- Since the last success; decides how long to wait.
    failures      INTEGER NOT NULL DEFAULT 0,
    next_at       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE notify_outbox (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    target    TEXT    NOT NULL,
    -- Stays the same however often it is sent.
    id        BLOB    NOT NULL,
    queued_at INTEGER NOT NULL,
    notice    TEXT    NOT NULL
) STRICT;
CREATE INDEX notify_outbox_by_target ON notify_outbox (target, seq);

CREATE TRIGGER notify_queued AFTER INSERT ON notify_outbox BEGIN
    UPDATE notify_target SET queued = queued + 1 WHERE id = new.target;
END;
CREATE TRIGGER notify_unqueued AFTER DELETE ON notify_outbox BEGIN
    UPDATE notify_target SET queued = queued - 1 WHERE id = old.target;
END;

CREATE TABLE notify_log (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    target   TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    -- Of the first notification that was sent, and how many went with it.
    id       BLOB    NOT NULL,
    count    INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    is_test  INTEGER NOT NULL,
    outcome  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    took_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX notify_log_by_target ON notify_log (target, seq);
