-- The regional server's database. Replicated tables have the columns that src/model/tables.ts declares, `created_stamp`,
-- and `stamps`: a JSON object of the `latest` fields whose stamp differs from `created_stamp`. Columns under "derived"
-- follow from merged state and are the same on every server. Columns under "local" are not replicated.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  username TEXT NOT NULL,
  created_at TEXT NOT NULL,
  storage_quota INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  created_stamp TEXT NOT NULL,
  stamps TEXT NOT NULL,
  -- derived from the log (src/db/regional/claims.ts): when it took the row, in milliseconds since 1970; null while it has
  -- not. `is_logged`: whether the present log has it, or only one before it had
  logged_at INTEGER,
  is_logged INTEGER NOT NULL DEFAULT 0,
  -- derived (src/db/regional/account-state.ts): whether it is neither disabled nor closed nor deleted; since when it is
  -- closed; the password and the email that hold
  active INTEGER NOT NULL,
  closed_at TEXT,
  password_id TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  email_id TEXT NOT NULL,
  email TEXT NOT NULL,
  -- derived: the folded names; the shown names, after conflicts are resolved; and the folded shown names, for logins
  username_folded TEXT NOT NULL,
  email_folded TEXT NOT NULL,
  username_shown TEXT NOT NULL,
  email_shown TEXT NOT NULL,
  username_login TEXT NOT NULL,
  email_login TEXT NOT NULL,
  used_storage INTEGER NOT NULL DEFAULT 0,
  -- local: the password rehash_of under newer hash parameters
  rehash TEXT,
  rehash_of TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX users_by_username ON users (username_folded) WHERE deleted = 0;
CREATE INDEX users_by_email ON users (email_folded) WHERE deleted = 0;
CREATE INDEX users_by_username_login ON users (username_login) WHERE deleted = 0;
CREATE INDEX users_by_email_login ON users (email_login) WHERE deleted = 0;
CREATE INDEX users_closed ON users (closed_at) WHERE deleted = 0 AND closed_at IS NOT NULL;

CREATE TABLE passwords (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  replaces TEXT,
  hash TEXT NOT NULL,
  deleted INTEGER NOT NULL,
  created_stamp TEXT NOT NULL,
  stamps TEXT NOT NULL,
  -- derived: the stamp until which it holds (src/model/credentials.ts)
  held_until TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX passwords_by_user ON passwords (user_id) WHERE deleted = 0;

CREATE TABLE emails (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  password_id TEXT NOT NULL,
  email TEXT NOT NULL,
  deleted INTEGER NOT NULL,
  created_stamp TEXT NOT NULL,
  stamps TEXT NOT NULL,
  -- derived from the log, as in users
  logged_at INTEGER,
  is_logged INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX emails_by_user ON emails (user_id, created_stamp, id) WHERE deleted = 0;

CREATE TABLE closures (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  password_id TEXT,
  undone INTEGER NOT NULL,
  created_stamp TEXT NOT NULL,
  stamps TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX closures_by_user ON closures (user_id, created_stamp) WHERE undone = 0;

CREATE TABLE files (
  id TEXT PRIMARY KEY,
  owner_id TEXT NOT NULL,
  size INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  created_at TEXT NOT NULL,
  name TEXT NOT NULL,
  folder TEXT NOT NULL,
  visibility TEXT NOT NULL,
  modified_at TEXT NOT NULL,
  deleted INTEGER NOT NULL,
  created_stamp TEXT NOT NULL,
  stamps TEXT NOT NULL,
  -- derived
  name_folded TEXT NOT NULL,
  -- local: the log entry that references the blob (see blob_refs), once it is known
  gseq INTEGER,
  -- local: the rowid of the name in name_trigrams, once it is indexed: the owner's section
  -- (src/db/search/name-index.ts) << 32, plus a number in that section
  name_number INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_created ON files (owner_id, created_at, id) WHERE deleted = 0;
CREATE INDEX files_by_name ON files (owner_id, name_folded, id) WHERE deleted = 0;
CREATE INDEX files_by_size ON files (owner_id, size, id) WHERE deleted = 0;
CREATE INDEX files_by_folder ON files (owner_id, folder, name_folded, id) WHERE deleted = 0;
CREATE INDEX files_shared ON files (owner_id, created_at, id) WHERE deleted = 0 AND visibility <> 'private';
CREATE INDEX files_unindexed ON files (owner_id) WHERE deleted = 0 AND name_number IS NULL;
CREATE INDEX files_by_name_number ON files (name_number) WHERE deleted = 0 AND name_number IS NOT NULL;

-- Invariant: used_storage is the sum of the sizes of a user's live files.
CREATE TRIGGER files_insert_used_storage AFTER INSERT ON files WHEN new.deleted = 0 BEGIN
  UPDATE users SET used_storage = used_storage + new.size WHERE id = new.owner_id;
END;
CREATE TRIGGER files_delete_used_storage AFTER UPDATE OF deleted ON files WHEN old.deleted = 0 AND new.deleted = 1 BEGIN
  UPDATE users SET used_storage = used_storage - old.size WHERE id = old.owner_id;
END;
CREATE TRIGGER users_insert_used_storage AFTER INSERT ON users BEGIN
  UPDATE users
  SET used_storage = (SELECT coalesce(sum(size), 0) FROM files WHERE owner_id = new.id AND deleted = 0)
  WHERE id = new.id;
END;

-- Folded names, for search. Local, in no digest, and can be rebuilt from the rows at any time.
CREATE VIRTUAL TABLE name_trigrams USING fts5(
  name, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1'
);
-- src/db/search/name-index.ts merges segments in small steps; an automatic merge could take long.
INSERT INTO name_trigrams (name_trigrams, rank) VALUES ('automerge', 0), ('crisismerge', 2000);

CREATE TRIGGER files_update_name_trigrams AFTER UPDATE OF name_folded, deleted ON files
WHEN old.name_number IS NOT NULL AND (old.name_folded <> new.name_folded OR new.deleted = 1) BEGIN
  DELETE FROM name_trigrams WHERE rowid = old.name_number;
  UPDATE files SET name_number = NULL WHERE id = new.id;
END;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  password_id TEXT NOT NULL,
  revoked INTEGER NOT NULL,
  created_stamp TEXT NOT NULL,
  stamps TEXT NOT NULL,
  -- local
  last_used_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_secret ON sessions (secret_sha256);
CREATE INDEX sessions_by_user ON sessions (user_id, id) WHERE revoked = 0;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  password_id TEXT NOT NULL,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT,
  revoked INTEGER NOT NULL,
  created_stamp TEXT NOT NULL,
  stamps TEXT NOT NULL,
  -- local
  last_used_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_secret ON tokens (secret_sha256);
CREATE INDEX tokens_by_user ON tokens (user_id, id) WHERE revoked = 0;

CREATE TABLE friend_requests (
  id TEXT PRIMARY KEY,
  from_id TEXT NOT NULL,
  to_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  status TEXT NOT NULL,
  created_stamp TEXT NOT NULL,
  stamps TEXT NOT NULL,
  -- derived: whether it is pending, and nothing has settled the pair since (src/db/regional/open-requests.ts)
  is_open INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX friend_requests_from ON friend_requests (from_id, id) WHERE is_open = 1;
CREATE INDEX friend_requests_to ON friend_requests (to_id, id) WHERE is_open = 1;
CREATE INDEX friend_requests_between ON friend_requests (from_id, to_id) WHERE status = 'pending';

CREATE TABLE friendships (
  id TEXT PRIMARY KEY,
  user_a TEXT NOT NULL,
  user_b TEXT NOT NULL,
  active INTEGER NOT NULL,
  since TEXT NOT NULL,
  created_stamp TEXT NOT NULL,
  stamps TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX friendships_a ON friendships (user_a, user_b) WHERE active = 1;
CREATE INDEX friendships_b ON friendships (user_b, user_a) WHERE active = 1;

-- Changes made on this server, in order, until the grand has acknowledged them.
CREATE TABLE outbox (
  oseq INTEGER PRIMARY KEY AUTOINCREMENT,
  change TEXT NOT NULL
) STRICT;

-- Changes that cannot be applied yet. `reason`: the row has not arrived (`row`), or a newer program made the change
-- (`unknown`; then with its id, its log position, and the account with which its row ends).
CREATE TABLE deferred (
  seq INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  reason TEXT NOT NULL,
  id TEXT UNIQUE,
  gseq INTEGER NOT NULL,
  owner_id TEXT,
  change TEXT NOT NULL
) STRICT;
CREATE INDEX deferred_by_owner ON deferred (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX deferred_by_row ON deferred (kind, key);
CREATE INDEX deferred_unknown ON deferred (seq) WHERE reason = 'unknown';

-- Stored blobs: small ones in `content`, larger ones in the file blobs/ab/cd/<sha256>.
CREATE TABLE blobs (
  sha256 TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  stored_at TEXT NOT NULL,
  content BLOB
) STRICT;

-- The blobs that live rows reference. `gseq`: the first log entry with the reference, 0 while that is unknown.
CREATE TABLE blob_refs (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  gseq INTEGER NOT NULL,
  PRIMARY KEY (sha256, kind, key, size)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER blob_refs_update_files_gseq AFTER UPDATE OF gseq ON blob_refs WHEN new.kind = 'file' BEGIN
  UPDATE files SET gseq = nullif(new.gseq, 0) WHERE id = new.key;
END;

-- Missing blobs: referenced, but not stored here, each with the first log entry that references it.
CREATE TABLE missing (
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  gseq INTEGER NOT NULL,
  PRIMARY KEY (sha256, size)
) STRICT, WITHOUT ROWID;
CREATE INDEX missing_by_size ON missing (size, sha256);
CREATE INDEX missing_by_gseq ON missing (gseq);
CREATE TRIGGER blobs_insert_missing AFTER INSERT ON blobs BEGIN
  DELETE FROM missing WHERE sha256 = new.sha256;
END;

-- The event log: events of subscribed users, stored for a while so that a stream can resume without loss.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id TEXT NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_user ON events (user_id, seq);

-- Failed logins in the current window: one row for each account and address, and one for each address.
CREATE TABLE login_failures (
  key TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  until TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_failures_by_end ON login_failures (until);

-- Changes that could not be applied; the cursor is past them.
CREATE TABLE dead_letters (
  gseq INTEGER PRIMARY KEY,
  change TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;

-- The position in the change log up to which each server has every blob.
CREATE TABLE watermarks (
  server TEXT PRIMARY KEY,
  gseq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows that the change log may have lost, until they are republished.
CREATE TABLE unpublished (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Users with a recent event stream on this server; the event log contains only their events. `since`: the position after
-- which it contains all of them; `seen_at`: when a stream was last open, to the day.
CREATE TABLE subscribers (
  user_id TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  seen_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX subscribers_by_seen ON subscribers (seen_at);
