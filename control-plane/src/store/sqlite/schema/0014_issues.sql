-- What is known of each weakness, whatever place has it: the newest telling stands.
CREATE TABLE weakness (
    id           TEXT    PRIMARY KEY,
    described_at INTEGER NOT NULL,
    severity     INTEGER NOT NULL,
    category     TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    about        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- One weakness at one place. Which scan told of it when is kept as bounds alone: a row is the same in whatever order scans
-- come. Without `first_found` it was only ever looked for and not found, and is no issue yet.
CREATE TABLE issue (
    fingerprint  BLOB    PRIMARY KEY,
    weakness     TEXT    NOT NULL,
    method       TEXT    NOT NULL,
    host         TEXT    NOT NULL,
    template     TEXT    NOT NULL,
    detail       TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    severity     INTEGER NOT NULL,
    first_found  INTEGER,
    last_found   INTEGER,
    last_clean   INTEGER,
    evidence     TEXT,
    ignored_as   TEXT,
    ignored_note TEXT,
    ignored_by   TEXT,
    ignored_at   INTEGER,
    status       INTEGER NOT NULL GENERATED ALWAYS AS (
        CASE WHEN ignored_as IS NOT NULL THEN 2
             WHEN coalesce(last_clean, 0) > last_found THEN 1
             ELSE 0 END) VIRTUAL
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoint_by_host ON endpoint (host, template, method);
CREATE INDEX issue_by_place ON issue (host, template, method);
CREATE INDEX issue_by_weakness ON issue (weakness);
CREATE INDEX issue_unfound ON issue (last_clean) WHERE first_found IS NULL;
