/**
 * Derives which friend requests are open: those that are pending, unless the pair are friends or something has settled the
 * pair since they were made. So a request that another server accepted unaware of an acceptance, a refusal or the end of the
 * friendship stays without effect.
 */
import type { Query, Tx } from '../engine/database.js'
import { Parameter } from '../engine/parameter.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

const selectPendingBetween = prepare<{ from_id: string; to_id: string }>()((slot) =>
  query
    .selectFrom('friend_requests')
    .select('id')
    .where('from_id', '=', slot('from_id'))
    .where('to_id', '=', slot('to_id'))
    .where('status', '=', 'pending'),
)
const updateOpen: Query<{ id: string }, unknown> = {
  sql: `update friend_requests set is_open = status = 'pending' and not exists (
      select 1 from friendships
      where friendships.id = min(from_id, to_id) || ':' || max(from_id, to_id)
      and (active = 1 or
        coalesce(json_extract(friendships.stamps, '$.active'), friendships.created_stamp) > friend_requests.created_stamp)
    ) where id = +?`,
  parameters: [new Parameter('id')],
}

/** Derives again whether a request is open. */
export function deriveOpen(tx: Tx, id: string): void {
  tx.run(updateOpen, { id })
}

/** Derives again which requests between two users are open. */
export function deriveOpenBetween(tx: Tx, a: string, b: string): void {
  const pending = [
    ...tx.all(selectPendingBetween, { from_id: a, to_id: b }),
    ...tx.all(selectPendingBetween, { from_id: b, to_id: a }),
  ]
  for (const { id } of pending) deriveOpen(tx, id)
}
