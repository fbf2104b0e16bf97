-- Search in names: an index of derived state, which no digest counts and which can be made anew at any time.

-- The place of a file's name in name_grams; null until it is there, and again when the name changes.
ALTER TABLE files ADD COLUMN name_number INTEGER;
CREATE INDEX files_unindexed ON files (owner_id) WHERE deleted = 0 AND name_number IS NULL;
CREATE INDEX files_by_name_number ON files (name_number) WHERE deleted = 0 AND name_number IS NOT NULL;

-- The numbers of one account's files lie together: number << 32, plus a place that is never used again.
CREATE TABLE name_owners (
  number INTEGER PRIMARY KEY,
  owner_id TEXT NOT NULL UNIQUE,
  places INTEGER NOT NULL
) STRICT;

-- What is in a name (see storage/grams.ts), as words: every mark is part of a word, and a space is written as a slash, which is in no name.
CREATE VIRTUAL TABLE name_grams USING fts5(
  grams, content='', contentless_delete=1, detail=none,
  tokenize="ascii tokenchars '!""#$%&''()*+,-./:;<=>?@[\]^_`{|}~'"
);
-- Its parts are merged in small steps by whoever writes it, and never in one large one.
INSERT INTO name_grams (name_grams, rank) VALUES ('automerge', 0), ('crisismerge', 2000);

CREATE TRIGGER files_name_gone AFTER UPDATE OF name_folded, deleted ON files
WHEN old.name_number IS NOT NULL AND (old.name_folded <> new.name_folded OR new.deleted = 1) BEGIN
  DELETE FROM name_grams WHERE rowid = old.name_number;
  UPDATE files SET name_number = NULL WHERE id = new.id;
END;
