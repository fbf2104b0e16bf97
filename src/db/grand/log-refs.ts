/**
 * Blob references of the changes in the log, updated in the unit of work that appends. The grand reads only these members
 * of a change: `blob` names the blob that the row needs, `deleted` ends the row, and `owner_id` is the account with which
 * the row ends. The result must not depend on the order of changes, so deletions stay as tombstones.
 */

import { isStored, type RowId, refreshMissing } from '../../blobs/blob-refs.js'
import { addMissing, isMissing } from '../../blobs/missing-blobs.js'
import type { Logged } from '../../log/change-log.js'
import { blobOf, type Change, kindOf } from '../../model/change.js'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { grandQuery } from './tables.js'

const insertTombstone = prepare<RowId>()((slot) =>
  grandQuery
    .insertInto('tombstones')
    .values({ kind: slot('kind'), key: slot('key') })
    .onConflict((conflict) => conflict.doNothing()),
)
const selectTombstone = prepare<RowId>()((slot) =>
  grandQuery
    .selectFrom('tombstones')
    .select('key')
    .where('kind', '=', slot('kind'))
    .where('key', '=', slot('key')),
)
const selectDeletedAccountsAfter = prepare<{ after: string; limit: number }>()((slot) =>
  grandQuery
    .selectFrom('tombstones')
    .select('key')
    .where('kind', '=', 'user')
    .where('key', '>', slot('after'))
    .orderBy('key')
    .limit(slot('limit')),
)
const selectRefsOfRow = prepare<RowId>()((slot) =>
  grandQuery
    .selectFrom('blob_refs')
    .select(['kind', 'key', 'sha256', 'size'])
    .where('kind', '=', slot('kind'))
    .where('key', '=', slot('key')),
)
const selectRefsOfOwner = prepare<{ owner_id: string; limit: number }>()((slot) =>
  grandQuery
    .selectFrom('blob_refs')
    .select(['kind', 'key', 'sha256', 'size'])
    .where('owner_id', '=', slot('owner_id'))
    .limit(slot('limit')),
)
const insertRef = prepare<RowId & { sha256: string; size: number; owner_id: string | null; gseq: number }>()(
  (slot) =>
    grandQuery
      .insertInto('blob_refs')
      .values({
        kind: slot('kind'),
        key: slot('key'),
        sha256: slot('sha256'),
        size: slot('size'),
        owner_id: slot('owner_id'),
        gseq: slot('gseq'),
      })
      .onConflict((conflict) => conflict.doNothing()),
)
const deleteRef = prepare<RowId & { sha256: string; size: number }>()((slot) =>
  grandQuery
    .deleteFrom('blob_refs')
    .where('kind', '=', slot('kind'))
    .where('key', '=', slot('key'))
    .where('sha256', '=', slot('sha256'))
    .where('size', '=', slot('size')),
)

/** References that are removed together with their account; `expireRefs` removes the others later, in batches. */
const MAX_REFS_AT_ONCE = 500

/** Records the blob references of appended changes; returns the hashes of newly referenced blobs that are missing. */
export function recordRefs(tx: Tx, logged: Logged[]): string[] {
  return logged.flatMap(({ gseq, change }) => recordRef(tx, gseq, change) ?? [])
}

/**
 * Removes references of deleted accounts, one bounded batch a call.
 * @param after the id after which to read `limit.accounts` deleted accounts; at most `limit.refs` references are removed
 * @returns the next value of `after` and the number of removed references; undefined when no account is left
 */
export function expireRefs(
  tx: Tx,
  after: string,
  limit: { accounts: number; refs: number },
): { last: string; count: number } | undefined {
  const page = tx.all(selectDeletedAccountsAfter, { after, limit: limit.accounts })
  let last = after
  let count = 0
  for (const { key } of page) {
    const refs = tx.all(selectRefsOfOwner, { owner_id: key, limit: limit.refs - count })
    for (const ref of refs) removeRef(tx, ref)
    count += refs.length
    if (count === limit.refs) return { last, count }
    last = key
  }
  return page.length === 0 ? undefined : { last, count }
}

function recordRef(tx: Tx, gseq: number, change: Change): string | undefined {
  const { key, fields } = change
  const row = { kind: kindOf(change), key }
  if (fields.deleted === true) {
    tx.run(insertTombstone, row)
    for (const ref of tx.all(selectRefsOfRow, row)) removeRef(tx, ref)
    if (row.kind === 'user')
      for (const ref of tx.all(selectRefsOfOwner, { owner_id: key, limit: MAX_REFS_AT_ONCE }))
        removeRef(tx, ref)
    return undefined
  }
  const blob = blobOf(change)
  const owner_id = typeof fields['owner_id'] === 'string' ? fields['owner_id'] : null
  if (blob === undefined || hasTombstone(tx, row)) return undefined
  if (owner_id !== null && hasTombstone(tx, { kind: 'user', key: owner_id })) return undefined
  tx.run(insertRef, { ...row, ...blob, owner_id, gseq })
  if (isStored(tx, blob.sha256)) return undefined
  addMissing(tx, blob, gseq)
  return blob.sha256
}

function hasTombstone(reader: Reader, row: RowId): boolean {
  return reader.get(selectTombstone, row) !== undefined
}

function removeRef(tx: Tx, { kind, key, sha256, size }: RowId & { sha256: string; size: number }): void {
  tx.run(deleteRef, { kind, key, sha256, size })
  if (isMissing(tx, sha256)) refreshMissing(tx, sha256)
}
