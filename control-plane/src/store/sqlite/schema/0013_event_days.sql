-- Events lie in a partition for each UTC day: tables event_N, detail_N and words_N, N being the day since 1970. What they
-- repeat stands once, here, and has a number. The code that makes a partition and moves the events of the schema before
-- is in events/partition.rs and events/moved.rs.

CREATE TABLE event_day (
    day      INTEGER PRIMARY KEY,
    -- The last number given to a detail. Never given twice.
    docs     INTEGER NOT NULL,
    events   INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    -- The oldest that its details need; 0 is none.
    dictionary INTEGER NOT NULL
) STRICT;

CREATE TABLE event_actor (
    id          INTEGER PRIMARY KEY,
    actor       TEXT    NOT NULL UNIQUE,
    events      INTEGER NOT NULL,
    first_at    INTEGER NOT NULL,
    -- Of the latest event.
    last_at     INTEGER NOT NULL,
    last_kind   INTEGER NOT NULL,
    last_target INTEGER NOT NULL,
    country     TEXT    NOT NULL
) STRICT;
CREATE INDEX event_actor_by_time ON event_actor (last_at, id);

CREATE TABLE event_target (
    id       INTEGER PRIMARY KEY,
    url      TEXT    NOT NULL,
    method   TEXT    NOT NULL,
    host     TEXT    NOT NULL,
    events   INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    -- How many, and which.
    actors   INTEGER NOT NULL,
    UNIQUE (url, method, host)
) STRICT;
CREATE INDEX event_target_by_host   ON event_target (host, method);
CREATE INDEX event_target_by_events ON event_target (events, id);
CREATE INDEX event_target_by_time   ON event_target (first_at, id);
CREATE INDEX event_target_by_actors ON event_target (actors, id);
CREATE TABLE event_target_actors (
    target INTEGER PRIMARY KEY,
    actors BLOB    NOT NULL
) STRICT;

-- What a policy says of an event: few, and never forgotten.
CREATE TABLE event_kind (
    id             INTEGER PRIMARY KEY,
    policy_id      TEXT    NOT NULL,
    category       TEXT    NOT NULL,
    sub_category   TEXT    NOT NULL,
    severity       INTEGER NOT NULL,
    event_type     INTEGER NOT NULL,
    detection_type INTEGER NOT NULL,
    UNIQUE (policy_id, category, sub_category, severity, event_type, detection_type)
) STRICT;

CREATE TABLE event_origin (
    id            INTEGER PRIMARY KEY,
    sensor_id     TEXT    NOT NULL,
    collection_id INTEGER NOT NULL,
    UNIQUE (sensor_id, collection_id)
) STRICT;

-- Roll-ups. `flags` are those of an event: status, and 4 where the attack succeeded.
CREATE TABLE event_by_hour (
    hour  INTEGER NOT NULL,
    kind  INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (hour, kind, flags)
) STRICT, WITHOUT ROWID;
CREATE TABLE event_by_day (
    day   INTEGER NOT NULL,
    kind  INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, kind, flags)
) STRICT, WITHOUT ROWID;
-- Roaring bitmaps. `what`: 0 actors, 1 targets. `kind` 0: of any kind; -1: of high or critical severity.
CREATE TABLE event_day_set (
    day     INTEGER NOT NULL,
    what    INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    members BLOB    NOT NULL,
    PRIMARY KEY (day, what, kind)
) STRICT;
CREATE TABLE event_day_target (
    day      INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    target   INTEGER NOT NULL,
    events   INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    actors   BLOB    NOT NULL,
    PRIMARY KEY (day, kind, target)
) STRICT, WITHOUT ROWID;

-- Trained on details of a day, for those that come after. Older ones stay while details need them.
CREATE TABLE event_dictionary (
    id    INTEGER PRIMARY KEY,
    bytes BLOB    NOT NULL
) STRICT;
