/** Deletes the files of deleted accounts in bounded batches, so that other writers wait briefly. */
import type { Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'
import { deleteRow } from './replica.js'

const selectAccountsAfter = prepare<{ after: string; limit: number }>()((slot) =>
  query
    .selectFrom('users')
    .select(['id', 'deleted'])
    .where('id', '>', slot('after'))
    .orderBy('id')
    .limit(slot('limit')),
)
const selectFilesOf = prepare<{ owner_id: string; limit: number }>()((slot) =>
  query
    .selectFrom('files')
    .select('id')
    .where('owner_id', '=', slot('owner_id'))
    .where('deleted', '=', 0)
    .limit(slot('limit')),
)

/**
 * Turns files of deleted accounts into tombstones. Every server does so from merged state, so no change is recorded; the
 * digest counts such files as deleted before and after.
 * @param after the id after which to read `limit.accounts` accounts; at most `limit.files` files are deleted
 * @returns the next value of `after` and the number of deleted files; undefined when no account is left
 */
export function deleteOrphans(
  tx: Tx,
  after: string,
  limit: { accounts: number; files: number },
): { last: string; count: number } | undefined {
  const page = tx.all(selectAccountsAfter, { after, limit: limit.accounts })
  let last = after
  let count = 0
  for (const { id, deleted } of page) {
    const orphans = deleted === 1 ? tx.all(selectFilesOf, { owner_id: id, limit: limit.files - count }) : []
    for (const orphan of orphans) deleteRow(tx, 'files', orphan.id)
    count += orphans.length
    if (count === limit.files) return { last, count }
    last = id
  }
  return page.length === 0 ? undefined : { last, count }
}
