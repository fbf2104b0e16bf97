import type { Database } from '../db/engine/database.js'
import { prepare } from '../db/engine/query.js'
import { blobQuery } from '../db/tables.js'
import type { RepeatInBatches } from '../lib/batches.js'
import type { BlobStore } from './blob-store.js'

/** Rows per batch, so that each holds the database for a few milliseconds. */
const COUNT_BATCH = 5000
const REMOVE_BATCH = 50

const nextBlobs = prepare<{ after: string; limit: number }>()((slot) =>
  blobQuery
    .selectFrom(
      blobQuery
        .selectFrom('blobs')
        .select('sha256')
        .where('sha256', '>', slot('after'))
        .orderBy('sha256')
        .limit(slot('limit'))
        .as('batch'),
    )
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.max('sha256').as('last')]),
)

export interface CollectBlobsDeps {
  db: Database
  blobs: BlobStore
  repeat: RepeatInBatches
}

/**
 * Removes blobs that were stored before a time and that no row references. One round removes at most a tenth of all blobs,
 * or 1000, so that a fault elsewhere shows before every blob is gone.
 */
export async function collectBlobs(
  { db, blobs, repeat }: CollectBlobsDeps,
  before: string,
): Promise<{ blobs: number; blob_bytes: number }> {
  let total = 0
  await repeat(async (after) => {
    const { count = 0, last } = db.get(nextBlobs, { after, limit: COUNT_BATCH }) ?? {}
    total += count
    return count === COUNT_BATCH ? (last ?? undefined) : undefined
  })
  const max = Math.max(1000, Math.floor(total / 10))
  const collected = { blobs: 0, blob_bytes: 0 }
  await repeat(async (after) => {
    const batch = await blobs.collectGarbage(before, after, Math.min(REMOVE_BATCH, max - collected.blobs))
    collected.blobs += batch?.count ?? 0
    collected.blob_bytes += batch?.freed ?? 0
    return collected.blobs < max ? batch?.last : undefined
  })
  return collected
}
