-- What people saved over the built-in policies; an empty text keeps one out of force. `policy_version` has every step that led there.
CREATE TABLE saved_policy (
    id         TEXT    PRIMARY KEY,
    content    TEXT    NOT NULL,
    author     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    revision   INTEGER NOT NULL
) STRICT;

CREATE TABLE policy_version (
    id       TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    step     TEXT    NOT NULL,
    content  TEXT    NOT NULL,
    digest   BLOB    NOT NULL,
    author   TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (id, version)
) STRICT;
