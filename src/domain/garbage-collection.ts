import { countNextBlobs, maxBlobsCollected } from '../blobs/blob-count.js'
import type { BlobStore } from '../blobs/blob-store.js'
import type { Database, Tx } from '../db/engine/database.js'
import { purgeEvents } from '../db/regional/events.js'
import { purgeLoginFailures } from '../db/regional/login-failures.js'
import { deleteOrphans } from '../db/regional/orphans.js'
import { purgeSessions } from '../db/regional/sessions.js'
import { DAY_MS } from '../lib/durations.js'
import { pause, systemTimers, type Timers } from '../lib/timers.js'
import { EVENT_RETENTION_MS, type EventLog } from './event-log.js'

const SESSION_RETENTION_MS = 30 * DAY_MS
const BLOB_RETENTION_MS = DAY_MS
const PART_RETENTION_MS = DAY_MS
/** Bounds per transaction, so that each holds the writer for a few milliseconds. Deleting a file touches many indexes. */
const MAX_ROWS = 200
const MAX_FILES = 20
const MAX_BLOBS = 50
/** Blobs counted per event-loop tick. */
const MAX_COUNTED = 5000
const PAUSE_MS = 20

export interface GarbageCollectionDeps {
  db: Database
  blobs: BlobStore
  eventLog: EventLog
  /** Deletes partial transfers idle since `beforeMs` (milliseconds since 1970); returns the number deleted. */
  removeAbandonedParts?: (beforeMs: number) => Promise<number>
  now: () => number
  timers?: Timers
}

/** The number of items that one run removed. */
export type Collected = {
  events: number
  sessions: number
  files: number
  parts: number
  blobs: number
  blob_bytes: number
}

/** Runs one garbage collection, in small transactions with pauses between them; stops early when `signal` aborts. */
export async function collectGarbage(
  { db, blobs, eventLog, removeAbandonedParts, now, timers = systemTimers }: GarbageCollectionDeps,
  signal: AbortSignal,
): Promise<Collected> {
  const before = (ageMs: number) => new Date(now() - ageMs).toISOString()
  const pauseBetween = () => pause(timers, PAUSE_MS, signal)
  const deleteInBatches = async (deleteBatch: (tx: Tx) => number): Promise<number> => {
    let total = 0
    for (let count = MAX_ROWS; count === MAX_ROWS && !signal.aborted; await pauseBetween()) {
      count = await db.write(deleteBatch)
      total += count
    }
    return total
  }
  const parts = (await removeAbandonedParts?.(now() - PART_RETENTION_MS)) ?? 0
  await db.write((tx) => purgeLoginFailures(tx, before(0)))
  const events = await deleteInBatches((tx) => purgeEvents(tx, before(EVENT_RETENTION_MS), MAX_ROWS))
  await eventLog.touchSubscribers(MAX_ROWS, pauseBetween)
  await deleteInBatches((tx) => eventLog.expireSubscribers(tx, MAX_ROWS))
  const sessions = await deleteInBatches((tx) => purgeSessions(tx, before(SESSION_RETENTION_MS), MAX_ROWS))
  const collected = { events, sessions, files: 0, parts, blobs: 0, blob_bytes: 0 }
  const maxOrphans = { accounts: MAX_ROWS, files: MAX_FILES }
  for (let after = ''; !signal.aborted; await pauseBetween()) {
    const deleted = await db.write((tx) => deleteOrphans(tx, after, maxOrphans))
    if (deleted === undefined) break
    after = deleted.last
    collected.files += deleted.count
  }
  let blobCount = 0
  for (let after = '', count = MAX_COUNTED; count === MAX_COUNTED && !signal.aborted; blobCount += count) {
    const page = countNextBlobs(db, after, MAX_COUNTED)
    after = page.last
    count = page.count
    await pause(timers, 0, signal)
  }
  const maxBlobs = maxBlobsCollected(blobCount)
  for (let after = ''; collected.blobs < maxBlobs && !signal.aborted; await pauseBetween()) {
    const batch = await blobs.collectGarbage(before(BLOB_RETENTION_MS), after, MAX_BLOBS)
    if (batch === undefined) break
    after = batch.last
    collected.blobs += batch.count
    collected.blob_bytes += batch.freed
  }
  return collected
}
