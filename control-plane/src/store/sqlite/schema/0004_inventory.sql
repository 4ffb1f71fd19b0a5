-- What each sensor learned of an endpoint: what it counts now, and what it had counted before it began anew. Both are
-- protobuf; a reader adds them up over all sensors.
CREATE TABLE endpoint (
    sensor_id  TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    template   TEXT    NOT NULL,
    method     TEXT    NOT NULL,
    account_id TEXT    NOT NULL,
    since      INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    requests   INTEGER NOT NULL,
    present    BLOB    NOT NULL,
    before     BLOB    NOT NULL,
    PRIMARY KEY (sensor_id, host, template, method)
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoint_by_name ON endpoint (account_id, host, template, method);
CREATE INDEX endpoint_by_time ON endpoint (sensor_id, last_seen);
