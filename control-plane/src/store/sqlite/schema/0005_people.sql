-- People who log in with name and password, and who did what. Sessions that were open end with this step.
CREATE TABLE user (
    id                  TEXT    PRIMARY KEY,
    name                TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    role                TEXT    NOT NULL,
    -- A PHC string: algorithm, parameters, salt and hash.
    password            TEXT    NOT NULL,
    created_at          INTEGER NOT NULL,
    password_changed_at INTEGER NOT NULL,
    last_log_in_at      INTEGER,
    disabled_at         INTEGER
) STRICT;

ALTER TABLE api_key ADD COLUMN expires_at INTEGER;
ALTER TABLE api_key ADD COLUMN created_by TEXT NOT NULL DEFAULT '';

DROP TABLE session;
CREATE TABLE session (
    hash         BLOB    PRIMARY KEY,
    user_id      TEXT,
    key_id       TEXT,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    CHECK ((user_id IS NULL) <> (key_id IS NULL))
) STRICT;
CREATE INDEX session_by_user ON session (user_id, last_used_at) WHERE user_id IS NOT NULL;
CREATE INDEX session_by_key  ON session (key_id, last_used_at) WHERE key_id IS NOT NULL;

-- AUTOINCREMENT never gives a number twice: a gap in the numbers is a row that is gone.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    who_id  TEXT    NOT NULL,
    who     TEXT    NOT NULL,
    address TEXT,
    action  TEXT    NOT NULL,
    object  TEXT    NOT NULL,
    before  TEXT,
    after   TEXT
) STRICT;
CREATE INDEX audit_by_time   ON audit (at);
CREATE INDEX audit_by_who    ON audit (who COLLATE NOCASE, seq);
CREATE INDEX audit_by_action ON audit (action, seq);

-- Whatever goes wrong in the code above, rows are not rewritten, and only old ones may go.
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_keeps_thirty_days BEFORE DELETE ON audit
WHEN old.at > (unixepoch() - 30 * 86400) * 1000 BEGIN
    SELECT raise(ABORT, 'the audit log keeps at least 30 days');
END;
