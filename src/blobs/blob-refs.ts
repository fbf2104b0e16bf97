/**
 * Which rows need which blobs. Tables declare it (model/tables.ts), changes carry it (`blob`), and this table follows: what
 * is missing, what to push and pull, and what garbage collection removes is asked here alone, on both kinds of server.
 */

import type { Reader, Tx } from '../db/engine/database.js'
import { prepare } from '../db/engine/query.js'
import { blobQuery } from '../db/tables.js'
import type { BlobRef } from '../model/change.js'
import { addMissing, clearMissingEntries, isMissing, removeMissing } from './missing-blobs.js'

/** A row, by the kind that its changes begin with. */
export interface RowId {
  kind: string
  key: string
}

type Ref = RowId & BlobRef

const insert = prepare<Ref>()((slot) =>
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
const remove = prepare<Ref>()((slot) =>
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

/** A page of blobs in order of sha256, each with whether it is old and no row references it. */
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

/** A row needs a blob from now on. */
export function addRef(tx: Tx, row: RowId, blob: BlobRef): void {
  tx.run(insert, { ...row, ...blob })
  if (!isStored(tx, blob.sha256)) addMissing(tx, blob, 0)
}

/** A row needs a blob no more. */
export function removeRef(tx: Tx, row: RowId, blob: BlobRef): void {
  tx.run(remove, { ...row, ...blob })
  if (isMissing(tx, blob.sha256)) refreshMissing(tx, blob.sha256)
}

/** Notes the log entry that references a blob; the first one counts. */
export function setRefEntry(tx: Tx, row: RowId, blob: BlobRef, gseq: number): void {
  const isNew = tx.run(setEntry, { ...row, ...blob, gseq }) > 0
  if (isNew && isMissing(tx, blob.sha256)) addMissing(tx, blob, gseq)
}

/** Entries of another log mean nothing any more. */
export function clearRefEntries(tx: Tx): void {
  tx.run(clearEntries)
  clearMissingEntries(tx)
}

export function isStored(reader: Reader, sha256: string): boolean {
  return reader.get(selectStored, { sha256 }) !== undefined
}

/** Notes anew who waits for a blob that is not here: after a reference ended, or its bytes turned out to be corrupt. */
export function refreshMissing(tx: Tx, sha256: string): void {
  removeMissing(tx, sha256)
  for (const { size, gseq } of tx.all(selectReferenced, { sha256 }))
    addMissing(tx, { sha256, size }, gseq ?? 0)
}
