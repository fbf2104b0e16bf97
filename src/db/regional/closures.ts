import type { Reader } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

const selectOfUser = prepare<{ user_id: string }>()((slot) =>
  query
    .selectFrom('closures')
    .select('id')
    .where('user_id', '=', slot('user_id'))
    .where('undone', '=', 0)
    .orderBy('created_stamp'),
)
const selectClosedBefore = prepare<{ time: string; limit: number }>()((slot) =>
  query
    .selectFrom('users')
    .select('id')
    .where('closed_at', '<', slot('time'))
    .where('deleted', '=', 0)
    .orderBy('closed_at')
    .limit(slot('limit')),
)

/** The ids of an account's closures that are not undone, whether or not they count. */
export function listClosures(reader: Reader, user_id: string): string[] {
  return reader.all(selectOfUser, { user_id }).map(({ id }) => id)
}

/** The ids of accounts that have been closed since before a time, longest first. */
export function listClosedBefore(reader: Reader, time: string, limit: number): string[] {
  return reader.all(selectClosedBefore, { time, limit }).map(({ id }) => id)
}
