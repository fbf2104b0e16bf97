import { countBlobs, maxBlobsCollected } from '../../blobs/blob-count.js'
import type { BlobStore } from '../../blobs/blob-store.js'
import type { IncomingBlobs } from '../../blobs/incoming-blobs.js'
import type { Database } from '../../db/engine/database.js'
import { expireRefs } from '../../db/grand/log-refs.js'
import { DAY_MS } from '../../lib/durations.js'
import { pause, systemTimers, type Timers } from '../../lib/timers.js'

const BATCH = 100
const ACCOUNTS = 1000
const PAUSE_MS = 50

export interface GarbageCollectionDeps {
  db: Database
  blobs: BlobStore
  incoming: IncomingBlobs
  now: () => number
  timers?: Timers
}

/** What one round removed. */
export type Collected = {
  partials: number
  /** References of deleted accounts. */
  refs: number
  blobs: number
  blob_bytes: number
}

/**
 * Collects garbage: references of deleted accounts, blobs that nothing has referenced for a day, and parts of transfers
 * that nobody went on with for as long. It takes small steps with pauses, and ends early when `signal` aborts.
 */
export async function collectGarbage(
  { db, blobs, incoming, now, timers = systemTimers }: GarbageCollectionDeps,
  signal: AbortSignal,
): Promise<Collected> {
  const most = maxBlobsCollected(countBlobs(db))
  const before = now() - DAY_MS
  const collected: Collected = {
    partials: await incoming.removeAbandoned(before),
    refs: 0,
    blobs: 0,
    blob_bytes: 0,
  }
  for (let after = ''; !signal.aborted; await pause(timers, PAUSE_MS, signal)) {
    const step = await db.write((tx) => expireRefs(tx, after, { accounts: ACCOUNTS, refs: BATCH }))
    if (step === undefined) break
    after = step.last
    collected.refs += step.count
  }
  for (let after = ''; collected.blobs < most && !signal.aborted; ) {
    const step = await blobs.collectGarbage(
      new Date(before).toISOString(),
      after,
      Math.min(BATCH, most - collected.blobs),
    )
    if (step === undefined) break
    after = step.last
    collected.blobs += step.count
    collected.blob_bytes += step.freed
    await pause(timers, PAUSE_MS, signal)
  }
  return collected
}
