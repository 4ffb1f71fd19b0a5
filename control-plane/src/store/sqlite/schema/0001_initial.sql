-- Times are milliseconds since the Unix epoch. Severity: 1 LOW … 4 CRITICAL. Status: 0 ACTIVE, 1 UNDER_REVIEW,
-- 2 IGNORED. Types carry the numbers of sensor.proto.

CREATE TABLE event (
    seq            INTEGER PRIMARY KEY,
    id             BLOB    NOT NULL UNIQUE,
    ref_id         TEXT    NOT NULL,
    detected_at    INTEGER NOT NULL,
    actor          TEXT    NOT NULL,
    country        TEXT    NOT NULL,
    policy_id      TEXT    NOT NULL,
    category       TEXT    NOT NULL,
    sub_category   TEXT    NOT NULL,
    severity       INTEGER NOT NULL,
    event_type     INTEGER NOT NULL,
    detection_type INTEGER NOT NULL,
    method         TEXT    NOT NULL,
    url            TEXT    NOT NULL,
    host           TEXT    NOT NULL,
    collection_id  INTEGER NOT NULL,
    sensor_id      TEXT    NOT NULL,
    successful     INTEGER NOT NULL,
    status         INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Newest first, alone and under each filter that a page offers.
CREATE INDEX event_by_time     ON event (detected_at, id);
CREATE INDEX event_by_severity ON event (severity, detected_at, id);
CREATE INDEX event_by_actor    ON event (actor, detected_at, id);
CREATE INDEX event_by_policy   ON event (policy_id, detected_at, id);
CREATE INDEX event_by_url      ON event (url, detected_at, id);
CREATE INDEX event_by_host     ON event (host, detected_at, id);
CREATE INDEX event_by_country  ON event (country, detected_at);
CREATE INDEX event_by_ref      ON event (ref_id);
-- Few rows are under review, ignored or proven, so these stay small and find them at once.
CREATE INDEX event_by_status   ON event (status, detected_at, id) WHERE status <> 0;
CREATE INDEX event_by_success  ON event (successful, detected_at, id) WHERE successful <> 0;
-- Covers the grouping by endpoint: without it each event's row is read, which took five times as long.
CREATE INDEX event_by_endpoint ON event (url, method, host, actor, detected_at, policy_id);

-- Samples, matches and evidence: a compressed protobuf, apart, so that lists read narrow rows only.
CREATE TABLE event_detail (
    seq     INTEGER PRIMARY KEY,
    raw_len INTEGER NOT NULL,
    body    BLOB    NOT NULL
) STRICT;

-- Roll-ups. Triggers keep them, so that no way of writing events can forget them.
CREATE TABLE hourly (
    hour         INTEGER NOT NULL,
    policy_id    TEXT    NOT NULL,
    category     TEXT    NOT NULL,
    sub_category TEXT    NOT NULL,
    severity     INTEGER NOT NULL,
    status       INTEGER NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (hour, policy_id, category, sub_category, severity, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_actor (
    day       INTEGER NOT NULL,
    actor     TEXT    NOT NULL,
    policy_id TEXT    NOT NULL,
    severity  INTEGER NOT NULL,
    country   TEXT    NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (day, actor, policy_id, severity)
) STRICT, WITHOUT ROWID;

CREATE TABLE actor (
    actor      TEXT    PRIMARY KEY,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    events     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER event_added AFTER INSERT ON event BEGIN
    INSERT INTO hourly VALUES (new.detected_at / 3600000, new.policy_id, new.category, new.sub_category,
                               new.severity, new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
    INSERT INTO daily_actor VALUES (new.detected_at / 86400000, new.actor, new.policy_id, new.severity,
                                    new.country, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
    INSERT INTO actor VALUES (new.actor, new.detected_at, new.detected_at, 1)
        ON CONFLICT DO UPDATE SET first_seen = min(first_seen, new.detected_at),
                                  last_seen = max(last_seen, new.detected_at),
                                  events = events + 1;
END;

CREATE TRIGGER event_moved AFTER UPDATE OF status ON event WHEN new.status <> old.status BEGIN
    UPDATE hourly SET count = count - 1
        WHERE hour = old.detected_at / 3600000 AND policy_id = old.policy_id AND category = old.category
          AND sub_category = old.sub_category AND severity = old.severity AND status = old.status;
    INSERT INTO hourly VALUES (new.detected_at / 3600000, new.policy_id, new.category, new.sub_category,
                               new.severity, new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER event_removed AFTER DELETE ON event BEGIN
    DELETE FROM event_detail WHERE seq = old.seq;
    UPDATE hourly SET count = count - 1
        WHERE hour = old.detected_at / 3600000 AND policy_id = old.policy_id AND category = old.category
          AND sub_category = old.sub_category AND severity = old.severity AND status = old.status;
    UPDATE daily_actor SET count = count - 1
        WHERE day = old.detected_at / 86400000 AND actor = old.actor AND policy_id = old.policy_id
          AND severity = old.severity;
    UPDATE actor SET events = events - 1,
        first_seen = coalesce((SELECT min(detected_at) FROM event WHERE actor = old.actor), 0),
        last_seen = coalesce((SELECT max(detected_at) FROM event WHERE actor = old.actor), 0)
        WHERE actor = old.actor;
    DELETE FROM hourly WHERE hour = old.detected_at / 3600000 AND count <= 0;
    DELETE FROM daily_actor WHERE day = old.detected_at / 86400000 AND actor = old.actor AND count <= 0;
    DELETE FROM actor WHERE actor = old.actor AND events <= 0;
END;

-- The log that sensors follow, and the state it leads to.
CREATE TABLE revision (
    number     INTEGER PRIMARY KEY,
    author     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    changes    TEXT    NOT NULL
) STRICT;

CREATE TABLE block (
    cidr       TEXT    PRIMARY KEY,
    prefix_len INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    author     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revision   INTEGER NOT NULL
) STRICT;
CREATE INDEX block_by_prefix_len ON block (prefix_len);
CREATE INDEX block_by_expiry ON block (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE suppression (
    id         TEXT    PRIMARY KEY,
    actor      TEXT    NOT NULL,
    policy_id  TEXT    NOT NULL,
    method     TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    author     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    hits       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX suppression_by_fields ON suppression (policy_id, actor, url, method, host);

CREATE TABLE api_key (
    id           TEXT    PRIMARY KEY,
    name         TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    hash         BLOB    NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;

CREATE TABLE session (
    hash       BLOB    PRIMARY KEY,
    key_id     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE join_token (
    hash       BLOB    PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    uses_left  INTEGER NOT NULL
) STRICT;

CREATE TABLE sensor (
    id               TEXT    PRIMARY KEY,
    credential_hash  BLOB    NOT NULL UNIQUE,
    node             TEXT    NOT NULL,
    version          TEXT    NOT NULL,
    enrolled_at      INTEGER NOT NULL,
    last_seen        INTEGER,
    applied_revision INTEGER NOT NULL DEFAULT 0,
    report           BLOB    NOT NULL DEFAULT x''
) STRICT;

-- Built-in policies come with the binary; this remembers since when, and since when in their present text.
CREATE TABLE policy (
    id         TEXT    PRIMARY KEY,
    digest     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
