/**
 * Blob references: which rows need which blobs, on both kinds of server. Tables declare them (model/tables.ts), and changes
 * carry them (`blob`). Missing blobs, transfers and garbage collection all derive from this table.
 */

import type { Reader, Tx } from '../db/engine/database.js'
import { prepare } from '../db/engine/query.js'
import { blobQuery } from '../db/tables.js'
import type { BlobRef } from '../model/change.js'
import { addMissing, clearMissingEntries, isMissing, removeMissing } from './missing-blobs.js'

/** A row of a replicated table, by kind (model/change.ts) and key. */
export interface RowId {
  kind: string
  key: string
}

type Ref = RowId & BlobRef

const insertRef = prepare<Ref>()((slot) =>
  blobQuery
    .insertInto('blob_refs')
    .values({
      kind: slot('kind'),
      key: slot('key'),
      sha256: slot('sha256'),
      size: slot('size'),
      gseq: 0,
    })
    .onConflict((conflict) => conflict.doNothing()),
)
const deleteRef = prepare<Ref>()((slot) =>
  blobQuery
    .deleteFrom('blob_refs')
    .where('sha256', '=', slot('sha256'))
    .where('kind', '=', slot('kind'))
    .where('key', '=', slot('key'))
    .where('size', '=', slot('size')),
)
const setEntry = prepare<Ref & { gseq: number }>()((slot) =>
  blobQuery
    .updateTable('blob_refs')
    .set({ gseq: slot('gseq') })
    .where('sha256', '=', slot('sha256'))
    .where('kind', '=', slot('kind'))
    .where('key', '=', slot('key'))
    .where('size', '=', slot('size'))
    .where('gseq', '=', 0),
)
const clearEntries = prepare()(() =>
  blobQuery.updateTable('blob_refs').set({ gseq: 0 }).where('gseq', '>', 0),
)
const selectStored = prepare<{ sha256: string }>()((slot) =>
  blobQuery.selectFrom('blobs').select('size').where('sha256', '=', slot('sha256')),
)
const selectReferenced = prepare<{ sha256: string }>()((slot) =>
  blobQuery
    .selectFrom('blob_refs')
    .select((eb) => ['size', eb.fn.min<number | null>(eb.fn('nullif', ['gseq', eb.lit(0)])).as('gseq')])
    .where('sha256', '=', slot('sha256'))
    .groupBy('size'),
)

/** Selects a page of blobs in order of sha256, each with whether it is older than `before` and unreferenced. */
export const unreferencedBlobs = prepare<{ before: string; after: string; limit: number }>()((slot) =>
  blobQuery
    .selectFrom('blobs')
    .select(['sha256', 'size'])
    .select((eb) => [
      eb('content', 'is', null).$castTo<number>().as('is_file'),
      eb
        .and([
          eb('stored_at', '<', slot('before')),
          eb.not(
            eb.exists(
              eb
                .selectFrom('blob_refs')
                .select('blob_refs.key')
                .whereRef('blob_refs.sha256', '=', 'blobs.sha256'),
            ),
          ),
        ])
        .$castTo<number>()
        .as('unreferenced'),
    ])
    .where('sha256', '>', slot('after'))
    .orderBy('sha256')
    .limit(slot('limit')),
)

/** Adds a row's reference to a blob. */
export function addRef(tx: Tx, row: RowId, blob: BlobRef): void {
  tx.run(insertRef, { ...row, ...blob })
  if (!isStored(tx, blob.sha256)) addMissing(tx, blob, 0)
}

/** Removes a row's reference to a blob. */
export function removeRef(tx: Tx, row: RowId, blob: BlobRef): void {
  tx.run(deleteRef, { ...row, ...blob })
  if (isMissing(tx, blob.sha256)) refreshMissing(tx, blob.sha256)
}

/** Sets the log entry of a reference; the first one counts. */
export function setRefEntry(tx: Tx, row: RowId, blob: BlobRef, gseq: number): void {
  const isNew = tx.run(setEntry, { ...row, ...blob, gseq }) > 0
  if (isNew && isMissing(tx, blob.sha256)) addMissing(tx, blob, gseq)
}

/** Clears the log entries of all references, after the grand's log was replaced. */
export function clearRefEntries(tx: Tx): void {
  tx.run(clearEntries)
  clearMissingEntries(tx)
}

export function isStored(reader: Reader, sha256: string): boolean {
  return reader.get(selectStored, { sha256 }) !== undefined
}

/** Rebuilds the missing rows of a blob that is not stored: after a reference ended, or the blob was found corrupt. */
export function refreshMissing(tx: Tx, sha256: string): void {
  removeMissing(tx, sha256)
  for (const { size, gseq } of tx.all(selectReferenced, { sha256 }))
    addMissing(tx, { sha256, size }, gseq ?? 0)
}
