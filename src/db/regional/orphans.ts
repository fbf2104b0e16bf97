/** Deletes the rows of deleted accounts in bounded batches, so that other writers wait briefly. */
import { declarationOf, TABLES, type TableName } from '../../model/tables.js'
import type { Query, Tx } from '../engine/database.js'
import { Parameter } from '../engine/parameter.js'
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

type OwnedQuery = Query<{ owner: string; limit: number }, { id: string }>

const selectOwned = (Object.keys(TABLES) as TableName[]).flatMap((table): [TableName, OwnedQuery][] => {
  const { owner } = declarationOf(table)
  if (owner === undefined) return []
  const sql = `select id from ${table} where ${owner} = +? and deleted = 0 limit ? + 0`
  return [[table, { sql, parameters: [new Parameter('owner'), new Parameter('limit')] }]]
})

/**
 * Turns rows of deleted accounts into tombstones. Every server does so from merged state, so no change is recorded; the
 * digest counts such rows as deleted before and after.
 * @param after the id after which to read `limit.accounts` accounts; at most `limit.rows` rows are deleted
 * @returns the next value of `after` and the number of deleted rows; undefined when no account is left
 */
export function deleteOrphans(
  tx: Tx,
  after: string,
  limit: { accounts: number; rows: number },
): { last: string; count: number } | undefined {
  const page = tx.all(selectAccountsAfter, { after, limit: limit.accounts })
  let last = after
  let count = 0
  for (const { id, deleted } of page) {
    if (deleted === 1) count += deleteOwned(tx, id, limit.rows - count)
    if (count === limit.rows) return { last, count }
    last = id
  }
  return page.length === 0 ? undefined : { last, count }
}

function deleteOwned(tx: Tx, owner: string, limit: number): number {
  let count = 0
  for (const [table, rows] of selectOwned) {
    for (const { id } of tx.all(rows, { owner, limit: limit - count })) {
      deleteRow(tx, table, id)
      count += 1
    }
  }
  return count
}
