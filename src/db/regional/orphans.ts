/** Files of deleted accounts. Each statement takes a bounded number of rows, so that nobody waits long behind it. */
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
 * Turns files of deleted accounts, which nobody can reach any more, into tombstones. It follows from merged state and
 * every server does it, so it is no change to pass on; a digest counts such files as deleted before and after.
 * @param after looks at `limit.accounts` accounts that follow this id, and buries at most `limit.files`
 * @returns the account to go on after, and how many files were buried; undefined when there are no more accounts
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
