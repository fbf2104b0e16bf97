-- How far this server is with the grand's log, and what it lacks.

-- Changes that could not be applied; the cursor has passed them.
CREATE TABLE dead_letters (
  gseq INTEGER PRIMARY KEY,
  change TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;

-- Up to which entry of the log each server has the bytes of every file.
CREATE TABLE watermarks (
  server TEXT PRIMARY KEY,
  gseq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows that the grand's log may lack since it lost some of itself, until they are republished.
CREATE TABLE unpublished (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
