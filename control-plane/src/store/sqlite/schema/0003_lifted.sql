-- Who lifted a block last, so that a sensor that was away does not bring back what it had blocked by itself before.
CREATE TABLE lifted (
    cidr   TEXT    PRIMARY KEY,
    author TEXT    NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lifted_by_time ON lifted (at);
