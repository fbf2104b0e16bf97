/** Blob references end with the account that their rows belong to, before each row is buried (cleaning.ts). */

import { removeRef } from '../../blobs/blob-refs.js'
import type { BlobRef } from '../../model/change.js'
import type { Row } from '../../model/merge.js'
import { declarationOf, TABLES, type TableName } from '../../model/tables.js'
import type { Query, Reader, Tx } from '../engine/database.js'
import { Parameter } from '../engine/parameter.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

/** References of a deleted account that go with it at once: nobody is to wait for a million. The rest is buried in steps. */
const MAX_REFS_AT_ONCE = 500

const selectDeletedUser = prepare<{ id: string }>()((slot) =>
  query.selectFrom('users').select('deleted').where('id', '=', slot('id')).where('deleted', '=', 1),
)

type OwnedQuery = Query<{ owner: string; limit: number }, BlobRef & { key: string }>

const refQueriesByKind = (Object.keys(TABLES) as TableName[]).flatMap(
  (table): [kind: string, OwnedQuery][] => {
    const { kind, owner, blob } = declarationOf(table)
    if (owner === undefined || blob === undefined) return []
    const columns = `id as key, ${blob.sha256} as sha256, ${blob.size} as size`
    const sql = `select ${columns} from ${table} where ${owner} = +? and deleted = 0 limit ? + 0`
    return [[kind, { sql, parameters: [new Parameter('owner'), new Parameter('limit')] }]]
  },
)

/** Whether the account that a row belongs to is deleted; one that is not known yet is not. */
export function isOwnerDeleted(reader: Reader, table: TableName, { cells }: Row): boolean {
  const { owner } = declarationOf(table)
  return owner !== undefined && reader.get(selectDeletedUser, { id: String(cells[owner]) }) !== undefined
}

/** Removes references of an account that is deleted. */
export function removeRefsOfAccount(tx: Tx, accountId: string): void {
  for (const [kind, rows] of refQueriesByKind)
    for (const { key, ...blob } of tx.all(rows, { owner: accountId, limit: MAX_REFS_AT_ONCE }))
      removeRef(tx, { kind, key }, blob)
}
