-- What of the sensors' coverage was lost, and for how long.
CREATE TABLE coverage_alert (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    sensor_id TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    -- The interface, where it is one's.
    subject   TEXT    NOT NULL,
    node      TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE INDEX coverage_alert_open ON coverage_alert (id) WHERE closed_at IS NULL;
