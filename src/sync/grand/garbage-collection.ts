import type { BlobStore } from '../../blobs/blob-store.js'
import { collectBlobs } from '../../blobs/garbage-collection.js'
import type { IncomingBlobs } from '../../blobs/incoming-blobs.js'
import type { Database } from '../../db/engine/database.js'
import { expireRefs } from '../../db/grand/log-refs.js'
import { inBatches } from '../../lib/batches.js'
import { DAY_MS } from '../../lib/durations.js'
import { systemTimers, type Timers } from '../../lib/timers.js'

/** Rows per transaction, so that each holds the writer for a few milliseconds. */
const BATCH = { accounts: 1000, refs: 100 }
const PAUSE_MS = 50

export interface GarbageCollectionDeps {
  db: Database
  blobs: BlobStore
  incoming: IncomingBlobs
  now: () => number
  timers?: Timers
}

/** Counts of what one round removed. */
export type Collected = {
  /** Abandoned partial uploads. */
  partials: number
  /** References of deleted accounts. */
  refs: number
  blobs: number
  blob_bytes: number
}

/**
 * Removes references of deleted accounts, blobs unreferenced for a day, and partial uploads abandoned for as long. Works in
 * small batches with pauses, and ends early when `signal` aborts.
 */
export async function collectGarbage(
  { db, blobs, incoming, now, timers = systemTimers }: GarbageCollectionDeps,
  signal: AbortSignal,
): Promise<Collected> {
  const repeat = inBatches(timers, PAUSE_MS, signal)
  const before = now() - DAY_MS
  const partials = await incoming.removeAbandoned(before)
  let refs = 0
  await repeat(async (after) => {
    const batch = await db.write((tx) => expireRefs(tx, after, BATCH))
    refs += batch?.count ?? 0
    return batch?.last
  })
  return { partials, refs, ...(await collectBlobs({ db, blobs, repeat }, new Date(before).toISOString())) }
}
