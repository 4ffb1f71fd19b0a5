-- As event_day_set, by hour: a range that begins inside a day need not read the day's events. The code that fills it for days of
-- before is in events/rollup.rs. In the order of time within a set, since a range asks for hours that follow each other.
CREATE TABLE event_hour_set (
    what    INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    hour    INTEGER NOT NULL,
    members BLOB    NOT NULL,
    PRIMARY KEY (what, kind, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_hour_set_by_hour ON event_hour_set (hour);
