-- The grand server's database: the change log, state derived from it, and small blobs.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The change log. `change` is the exact text that was received; `ghash` chains it to the entries before it: sha256 in hex
-- of the previous hash and the text. `small_sha256`: the referenced blob, if it is small enough to be sent with the entry.
-- `logged_at`: when the change was first logged, in milliseconds since 1970; no two entries made here have the same.
CREATE TABLE log (
  gseq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  origin TEXT NOT NULL,
  epoch TEXT NOT NULL,
  oseq INTEGER NOT NULL,
  change TEXT NOT NULL,
  ghash TEXT NOT NULL,
  small_sha256 TEXT,
  logged_at INTEGER NOT NULL,
  UNIQUE (origin, epoch, oseq)
) STRICT;

-- The last change received from each epoch of each origin, whether it was appended or its id was in the log already.
CREATE TABLE heads (
  origin TEXT NOT NULL,
  epoch TEXT NOT NULL,
  oseq INTEGER NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (origin, epoch)
) STRICT, WITHOUT ROWID;

-- The blobs that rows reference, according to their changes. `owner_id`: the account with which the row ends.
CREATE TABLE blob_refs (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  owner_id TEXT,
  gseq INTEGER NOT NULL,
  PRIMARY KEY (kind, key, sha256, size)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_refs_by_content ON blob_refs (sha256);
CREATE INDEX blob_refs_by_owner ON blob_refs (owner_id);

-- Deleted rows: a deletion may be logged before the creation of its row.
CREATE TABLE tombstones (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Missing blobs: referenced, but not stored here, each with the first log entry that references it. Two changes may
-- reference the same hash with different sizes, of which at most one is correct; only that blob can ever arrive.
CREATE TABLE missing (
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  gseq INTEGER NOT NULL,
  PRIMARY KEY (sha256, size)
) STRICT, WITHOUT ROWID;
CREATE INDEX missing_by_gseq ON missing (gseq);

-- Stored blobs: small ones in `content`, larger ones in the file blobs/ab/cd/<sha256>.
CREATE TABLE blobs (
  sha256 TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  stored_at TEXT NOT NULL,
  content BLOB
) STRICT;

-- The position in the change log up to which each regional has every blob.
CREATE TABLE watermarks (
  server TEXT PRIMARY KEY,
  gseq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A stored blob is not missing.
CREATE TRIGGER blobs_insert_missing AFTER INSERT ON blobs BEGIN
  DELETE FROM missing WHERE sha256 = new.sha256;
END;
