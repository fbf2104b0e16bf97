-- How far this server is with the grand's log, and what it lacks.

-- Bytes that live files name and that are not here. `gseq`: the first entry of the log that names them, 0 while that
-- is not known.
CREATE TABLE missing (
  sha256 TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  gseq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX missing_by_size ON missing (size, sha256);
CREATE INDEX missing_by_gseq ON missing (gseq);

-- Changes that could not be applied; the cursor has passed them.
CREATE TABLE parked (
  gseq INTEGER PRIMARY KEY,
  change TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;

-- Up to which entry of the log each server has the bytes of every file.
CREATE TABLE watermarks (
  server TEXT PRIMARY KEY,
  gseq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows that the grand's log may lack since it lost some of itself, until they are told again.
CREATE TABLE untold (
  "table" TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY ("table", key)
) STRICT, WITHOUT ROWID;
