-- What sensors held back by a suppression, and when anybody last did.
ALTER TABLE suppression ADD COLUMN sensor_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE suppression ADD COLUMN last_hit_at INTEGER;
