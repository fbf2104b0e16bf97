import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

export interface Subscriber {
  user_id: string
  /** The position after which the event log contains every event of the user. */
  since: number
  /** When an event stream was last open, to the day. */
  seen_at: string
}

const selectSubscriber = prepare<{ user_id: string }>()((slot) =>
  query.selectFrom('subscribers').selectAll().where('user_id', '=', slot('user_id')),
)
const upsertRow = prepare<Subscriber>()((slot) =>
  query
    .insertInto('subscribers')
    .values({ user_id: slot('user_id'), since: slot('since'), seen_at: slot('seen_at') })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ seen_at: slot('seen_at') })),
)
const deleteExpired = prepare<{ before: string; limit: number }>()((slot) =>
  query
    .deleteFrom('subscribers')
    .where('user_id', 'in', (inner) =>
      inner
        .selectFrom('subscribers')
        .select('user_id')
        .where('seen_at', '<', slot('before'))
        .orderBy('seen_at')
        .limit(slot('limit')),
    ),
)
const deleteRow = prepare<{ user_id: string }>()((slot) =>
  query.deleteFrom('subscribers').where('user_id', '=', slot('user_id')),
)

/** The subscriber row of a user; undefined if no events are stored for the user. */
export function findSubscriber(reader: Reader, user_id: string): Subscriber | undefined {
  return reader.get(selectSubscriber, { user_id })
}

/** Starts storing events for a user; for an existing subscriber it updates only `seen_at`. */
export function upsertSubscriber(tx: Tx, subscriber: Subscriber): void {
  tx.run(upsertRow, subscriber)
}

export function deleteSubscriber(tx: Tx, user_id: string): void {
  tx.run(deleteRow, { user_id })
}

/** Deletes at most `limit` subscribers whose streams were last open before a time; returns the count. */
export function expireSubscribers(tx: Tx, before: string, limit: number): number {
  return tx.run(deleteExpired, { before, limit })
}
