-- Each account has a database of its own: a join token belongs to that of the database it is in.
ALTER TABLE join_token DROP COLUMN account_id;

-- The accounts besides the operator's, in the operator's database alone.
CREATE TABLE account (
    id         TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    -- Set: its folder is to be deleted, and the row with it.
    removed_at INTEGER
) STRICT;

-- Which overlay network belongs to whom, as the operator wrote it.
CREATE TABLE vni_mapping (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    text       TEXT    NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
