-- Issue trackers that tickets are made in.
CREATE TABLE ticket_integration (
    id         TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    kind       TEXT    NOT NULL,
    -- A JSON object: address, project, templates, what states mean.
    settings   TEXT    NOT NULL,
    -- Credentials, encrypted with a key that is not in the database.
    sealed     BLOB    NOT NULL,
    enabled    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    created    INTEGER NOT NULL DEFAULT 0,
    updated    INTEGER NOT NULL DEFAULT 0,
    failed     INTEGER NOT NULL DEFAULT 0,
    failures   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL DEFAULT 0,
    polled_at  INTEGER,
    problem    TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE ticket (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    mark          BLOB    NOT NULL,
    integration   TEXT    NOT NULL,
    -- 0 an event, 1 an issue; and its id, 16 bytes either way.
    kind          INTEGER NOT NULL,
    subject       BLOB    NOT NULL,
    state         TEXT    NOT NULL,
    key           TEXT    NOT NULL DEFAULT '',
    url           TEXT    NOT NULL DEFAULT '',
    tracker_state TEXT    NOT NULL DEFAULT '',
    -- As an issue's status.
    told          INTEGER NOT NULL,
    done_at       INTEGER,
    linked        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    created_by    TEXT    NOT NULL,
    synced_at     INTEGER,
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_at       INTEGER NOT NULL DEFAULT 0,
    problem       TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX ticket_by_subject ON ticket (kind, subject);
CREATE INDEX ticket_by_integration ON ticket (integration, state, seq);
