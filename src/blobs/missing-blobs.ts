/**
 * Missing blobs: referenced, and not stored here. The table derives from `blob_refs` and `blobs`; a trigger removes the rows of a
 * stored blob. Two changes may reference one hash with different sizes: one is false, and only the true one can arrive.
 */

import type { Reader, Tx } from '../db/engine/database.js'
import { prepare } from '../db/engine/query.js'
import { blobQuery } from '../db/tables.js'
import type { BlobRef } from '../model/change.js'

const upsertMissing = prepare<{ sha256: string; size: number; gseq: number }>()((slot) =>
  blobQuery
    .insertInto('missing')
    .values({ sha256: slot('sha256'), size: slot('size'), gseq: slot('gseq') })
    .onConflict((conflict) =>
      conflict
        .columns(['sha256', 'size'])
        .doUpdateSet({ gseq: slot('gseq') })
        .where((eb) => eb.or([eb('missing.gseq', '=', 0), eb('missing.gseq', '>', eb.ref('excluded.gseq'))])),
    ),
)
const deleteMissing = prepare<{ sha256: string }>()((slot) =>
  blobQuery.deleteFrom('missing').where('sha256', '=', slot('sha256')),
)
const selectSizes = prepare<{ sha256: string }>()((slot) =>
  blobQuery.selectFrom('missing').select('size').where('sha256', '=', slot('sha256')),
)
const selectBySize = prepare<{ size: number; sha256: string; limit: number }>()((slot) =>
  blobQuery
    .selectFrom('missing')
    .select(['sha256', 'size'])
    .where((eb) => eb(eb.refTuple('size', 'sha256'), '>', eb.tuple(slot('size'), slot('sha256'))))
    .orderBy('size')
    .orderBy('sha256')
    .limit(slot('limit')),
)
const selectByHash = prepare<{ sha256: string; limit: number }>()((slot) =>
  blobQuery
    .selectFrom('missing')
    .select('sha256')
    .distinct()
    .where('sha256', '>', slot('sha256'))
    .orderBy('sha256')
    .limit(slot('limit')),
)
const selectByEntry = prepare<{ limit: number }>()((slot) =>
  blobQuery.selectFrom('missing').select(['sha256', 'size']).orderBy('gseq').limit(slot('limit')),
)
const selectFirstEntry = prepare()(() =>
  blobQuery.selectFrom('missing').select('gseq').orderBy('gseq').limit(1),
)
const selectTotal = prepare()(() =>
  blobQuery
    .selectFrom('missing')
    .select((eb) => [
      eb.fn.countAll<number>().as('blobs'),
      eb.fn.coalesce(eb.fn.sum<number>('size'), eb.lit(0)).as('bytes'),
    ]),
)
const clearEntries = prepare()(() => blobQuery.updateTable('missing').set({ gseq: 0 }))

/** Adds a missing blob. @param gseq the log entry that references it, 0 while that is unknown */
export function addMissing(tx: Tx, { sha256, size }: BlobRef, gseq: number): void {
  tx.run(upsertMissing, { sha256, size, gseq })
}

export function removeMissing(tx: Tx, sha256: string): void {
  tx.run(deleteMissing, { sha256 })
}

export function isMissing(reader: Reader, sha256: string): boolean {
  return reader.get(selectSizes, { sha256 }) !== undefined
}

/** Returns the sizes by which a missing blob is referenced; empty if it is not missing. */
export function missingSizes(reader: Reader, sha256: string): number[] {
  return reader.all(selectSizes, { sha256 }).map(({ size }) => size)
}

/** Returns missing blobs, smallest first, after one of them. */
export function missingAfter(reader: Reader, after: BlobRef | undefined, limit: number): BlobRef[] {
  return reader.all(selectBySize, { size: after?.size ?? -1, sha256: after?.sha256 ?? '', limit })
}

/** Hashes of missing blobs, in order, after one of them. */
export function missingHashes(reader: Reader, after: string, limit: number): string[] {
  return reader.all(selectByHash, { sha256: after, limit }).map(({ sha256 }) => sha256)
}

/** Returns missing blobs in the order of the log entries that reference them. */
export function oldestMissing(reader: Reader, limit: number): BlobRef[] {
  return reader.all(selectByEntry, { limit })
}

/** Returns the first log entry with a missing blob; undefined if no blob is missing. */
export function firstMissingEntry(reader: Reader): number | undefined {
  return reader.get(selectFirstEntry)?.gseq
}

export function missingTotal(reader: Reader): { blobs: number; bytes: number } {
  const { blobs, bytes } = reader.get(selectTotal) ?? { blobs: 0, bytes: 0 }
  return { blobs, bytes: Number(bytes) }
}

/** Clears the log entries of missing blobs, after the grand's log was replaced. */
export function clearMissingEntries(tx: Tx): void {
  tx.run(clearEntries)
}
