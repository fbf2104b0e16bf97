-- The grand server's database: the log of changes, what follows from it, and small blobs.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every change ever taken, in the one order. `change` is the exact text that was sent; `ghash` chains it to all before
-- it: sha256 in hex of the hash before and the text. `small_sha256`: the blob it references, where that is small enough to be sent with it.
CREATE TABLE log (
  gseq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  origin TEXT NOT NULL,
  epoch TEXT NOT NULL,
  oseq INTEGER NOT NULL,
  change TEXT NOT NULL,
  ghash TEXT NOT NULL,
  small_sha256 TEXT,
  UNIQUE (origin, epoch, oseq)
) STRICT;

-- The last change that was seen of each incarnation of each origin, logged under it or known already by its id.
CREATE TABLE heads (
  origin TEXT NOT NULL,
  epoch TEXT NOT NULL,
  oseq INTEGER NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (origin, epoch)
) STRICT, WITHOUT ROWID;

-- Which rows need which blobs, as their changes say. `owner_id`: the account with which the row ends.
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

-- Deleted rows: a deletion may be logged before what it deletes.
CREATE TABLE tombstones (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Blobs that are referenced and not here, each with the first entry of the log that references it. Two changes may
-- reference the same hash with different sizes, and one of them lies; only the true one can ever arrive.
CREATE TABLE missing (
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  gseq INTEGER NOT NULL,
  PRIMARY KEY (sha256, size)
) STRICT, WITHOUT ROWID;
CREATE INDEX missing_by_gseq ON missing (gseq);

-- The blobs that are here: small ones in `content`, larger ones as the file blobs/ab/cd/<sha256>.
CREATE TABLE blobs (
  sha256 TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  stored_at TEXT NOT NULL,
  content BLOB
) STRICT;

-- The position in the log up to which each regional has every blob.
CREATE TABLE watermarks (
  server TEXT PRIMARY KEY,
  gseq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A blob that is here is not missing, whoever stored it.
CREATE TRIGGER blobs_add AFTER INSERT ON blobs BEGIN
  DELETE FROM missing WHERE sha256 = new.sha256;
END;
