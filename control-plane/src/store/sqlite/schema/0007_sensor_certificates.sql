-- A sensor that has a certificate has no credential. `account_id` is empty for the control plane's own account, and NULL
-- for a sensor that enrolled before accounts were bound: it names the account itself.
CREATE TABLE sensor_with_certificate (
    id               TEXT    PRIMARY KEY,
    credential_hash  BLOB    UNIQUE,
    account_id       TEXT,
    node             TEXT    NOT NULL,
    version          TEXT    NOT NULL,
    enrolled_at      INTEGER NOT NULL,
    revoked_at       INTEGER,
    last_seen        INTEGER,
    applied_revision INTEGER NOT NULL DEFAULT 0,
    report           BLOB    NOT NULL DEFAULT x''
) STRICT;
INSERT INTO sensor_with_certificate (id, credential_hash, node, version, enrolled_at, last_seen, applied_revision, report)
    SELECT id, credential_hash, node, version, enrolled_at, last_seen, applied_revision, report FROM sensor;
DROP TABLE sensor;
ALTER TABLE sensor_with_certificate RENAME TO sensor;

ALTER TABLE join_token ADD COLUMN account_id TEXT NOT NULL DEFAULT '';
