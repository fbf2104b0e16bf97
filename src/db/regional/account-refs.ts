/** Ends the blob references of a deleted account's rows, before orphans.ts turns each row into a tombstone. */

import { removeRef } from '../../blobs/blob-refs.js'
import type { BlobRef } from '../../model/change.js'
import type { Row } from '../../model/merge.js'
import { declarationOf, TABLES, type TableName } from '../../model/tables.js'
import type { Query, Reader, Tx } from '../engine/database.js'
import { Parameter } from '../engine/parameter.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

/** References removed together with their account, so that the transaction stays short. The others end with their rows. */
const MAX_REFS_AT_ONCE = 500

const selectDeletedUser = prepare<{ id: string }>()((slot) =>
  query.selectFrom('users').select('deleted').where('id', '=', slot('id')).where('deleted', '=', 1),
)

type OwnedQuery = Query<{ owner: string; limit: number }, BlobRef & { key: string }>

const selectOwned = (Object.keys(TABLES) as TableName[]).flatMap((table): [kind: string, OwnedQuery][] => {
  const { kind, owner, blob } = declarationOf(table)
  if (owner === undefined || blob === undefined) return []
  const columns = `id as key, ${blob.sha256} as sha256, ${blob.size} as size`
  const sql = `select ${columns} from ${table} where ${owner} = +? and deleted = 0 limit ? + 0`
  return [[kind, { sql, parameters: [new Parameter('owner'), new Parameter('limit')] }]]
})

/** Whether the account that owns a row is deleted. False while the account's row has not arrived. */
export function isOwnerDeleted(reader: Reader, table: TableName, { cells }: Row): boolean {
  const { owner } = declarationOf(table)
  return owner !== undefined && reader.get(selectDeletedUser, { id: String(cells[owner]) }) !== undefined
}

/** Removes references of a deleted account, at most `MAX_REFS_AT_ONCE` for each table. */
export function removeRefsOfAccount(tx: Tx, accountId: string): void {
  for (const [kind, refs] of selectOwned)
    for (const { key, ...blob } of tx.all(refs, { owner: accountId, limit: MAX_REFS_AT_ONCE }))
      removeRef(tx, { kind, key }, blob)
}
