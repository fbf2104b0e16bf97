import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

/** An event's position in the event log, and when it was recorded. */
export interface EventPosition {
  seq: number
  created_at: string
}

export interface EventRow extends EventPosition {
  type: string
  /** JSON. */
  data: string
}

const BEFORE_FIRST: EventPosition = { seq: 0, created_at: '1970-01-01T00:00:00.000Z' }

type NewEvent = { user_id: string; type: string; data: string; created_at: string }

const insertEvent = prepare<NewEvent>()((slot) =>
  query.insertInto('events').values({
    user_id: slot('user_id'),
    type: slot('type'),
    data: slot('data'),
    created_at: slot('created_at'),
  }),
)
const selectEventsAfter = prepare<{ user_id: string; after: number; limit: number }>()((slot) =>
  query
    .selectFrom('events')
    .select(['seq', 'type', 'data', 'created_at'])
    .where('user_id', '=', slot('user_id'))
    .where('seq', '>', slot('after'))
    .orderBy('seq')
    .limit(slot('limit')),
)
const selectNewest = prepare()(() =>
  query.selectFrom('events').select(['seq', 'created_at']).orderBy('seq', 'desc').limit(1),
)
const selectEventAt = prepare<{ seq: number }>()((slot) =>
  query.selectFrom('events').select(['seq', 'created_at']).where('seq', '=', slot('seq')),
)
const selectOldest = prepare()(() => query.selectFrom('events').select('seq').orderBy('seq').limit(1))
// Reads only the `limit` oldest events: with nothing to delete it must not scan the whole table.
const deleteOldestBefore = prepare<{ before: string; limit: number }>()((slot) =>
  query
    .deleteFrom('events')
    .where('created_at', '<', slot('before'))
    .where('seq', 'in', (inner) =>
      inner
        .selectFrom('events')
        .select('seq')
        .where('seq', '<', (last) =>
          last.selectFrom('events').select((eb) => eb.fn.max<number>('seq').as('seq')),
        )
        .orderBy('seq')
        .limit(slot('limit')),
    ),
)

export function addEvent(tx: Tx, event: NewEvent): void {
  tx.run(insertEvent, event)
}

/** A user's events after a position, oldest first. */
export function listEventsAfter(reader: Reader, user_id: string, after: number, limit: number): EventRow[] {
  return reader.all(selectEventsAfter, { user_id, after, limit })
}

/** The newest stored event, or the position before the first one. */
export function findNewestEvent(reader: Reader): EventPosition {
  return reader.get(selectNewest) ?? BEFORE_FIRST
}

/** The position of the oldest stored event; 0 if there is none. */
export function findOldestEventSeq(reader: Reader): number {
  return reader.get(selectOldest)?.seq ?? 0
}

/** The event at a position, while it is stored. */
export function findEventAt(reader: Reader, seq: number): EventPosition | undefined {
  return seq === 0 ? BEFORE_FIRST : reader.get(selectEventAt, { seq })
}

/** Deletes at most `limit` events older than `before`, never the newest, which has the last position. Returns the count. */
export function deleteExpiredEvents(tx: Tx, before: string, limit: number): number {
  return tx.run(deleteOldestBefore, { before, limit })
}
