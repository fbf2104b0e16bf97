-- Who has had a stream of events open here lately: events are kept for them alone. `since`: the position from which on
-- they are whole; `seen_at`: when a stream was open last, to the day.
CREATE TABLE subscribers (
  user_id TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  seen_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX subscribers_by_seen ON subscribers (seen_at);

-- Of whom there are events, streams may have been open.
INSERT INTO subscribers (user_id, since, seen_at)
SELECT DISTINCT user_id, 0, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM events;
