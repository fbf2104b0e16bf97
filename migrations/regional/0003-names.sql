-- Search in names: an index of derived state, which no digest counts and which can be made anew at any time.

-- The row of a file's name in name_trigrams, null until it is there, and again when the name changes. It consists of the
-- owner's section (storage/name-index.ts) << 32 and a number in it.
ALTER TABLE files ADD COLUMN name_number INTEGER;
CREATE INDEX files_unindexed ON files (owner_id) WHERE deleted = 0 AND name_number IS NULL;
CREATE INDEX files_by_name_number ON files (name_number) WHERE deleted = 0 AND name_number IS NOT NULL;

-- Folded names.
CREATE VIRTUAL TABLE name_trigrams USING fts5(
  name, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1'
);
-- Its segments are merged in small steps by whoever writes it, and never in one large one.
INSERT INTO name_trigrams (name_trigrams, rank) VALUES ('automerge', 0), ('crisismerge', 2000);

CREATE TRIGGER files_name_gone AFTER UPDATE OF name_folded, deleted ON files
WHEN old.name_number IS NOT NULL AND (old.name_folded <> new.name_folded OR new.deleted = 1) BEGIN
  DELETE FROM name_trigrams WHERE rowid = old.name_number;
  UPDATE files SET name_number = NULL WHERE id = new.id;
END;
