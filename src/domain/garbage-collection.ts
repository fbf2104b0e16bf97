import type { BlobStore } from '../blobs/blob-store.js'
import { collectBlobs } from '../blobs/garbage-collection.js'
import type { Database, Tx } from '../db/engine/database.js'
import { deleteExpiredEvents } from '../db/regional/events.js'
import { deleteExpiredLoginFailures } from '../db/regional/login-failures.js'
import { deleteOrphans } from '../db/regional/orphans.js'
import { deleteExpiredSessions } from '../db/regional/sessions.js'
import { inBatches } from '../lib/batches.js'
import { DAY_MS } from '../lib/durations.js'
import { pause, systemTimers, type Timers } from '../lib/timers.js'
import { EVENT_RETENTION_MS, type EventLog } from './event-log.js'

const SESSION_RETENTION_MS = 30 * DAY_MS
const BLOB_RETENTION_MS = DAY_MS
const PART_RETENTION_MS = DAY_MS
/** Rows of one transaction, which holds the writer for a few milliseconds. Deleting a file updates every index. */
const BATCH = 200
const FILES = 20
const PAUSE_MS = 20

export interface GarbageCollectionDeps {
  db: Database
  blobs: BlobStore
  eventLog: EventLog
  /** Removes partial transfers without progress since a time, milliseconds since 1970. @returns how many */
  removeAbandonedParts?: (beforeMs: number) => Promise<number>
  now: () => number
  timers?: Timers
}

/** Counts of removed rows, files and bytes. */
export type Collected = {
  events: number
  sessions: number
  files: number
  parts: number
  blobs: number
  blob_bytes: number
}

/** Runs one garbage collection in small transactions with pauses. It ends early when `signal` aborts. */
export async function collectGarbage(
  {
    db,
    blobs,
    eventLog,
    removeAbandonedParts = async () => 0,
    now,
    timers = systemTimers,
  }: GarbageCollectionDeps,
  signal: AbortSignal,
): Promise<Collected> {
  const before = (ms: number) => new Date(now() - ms).toISOString()
  const repeat = inBatches(timers, PAUSE_MS, signal)
  const removeAll = async (removeBatch: (tx: Tx) => number) => {
    let total = 0
    await repeat(async () => {
      const count = await db.write(removeBatch)
      total += count
      return count === BATCH ? '' : undefined
    })
    return total
  }
  const parts = await removeAbandonedParts(now() - PART_RETENTION_MS)
  await db.write((tx) => deleteExpiredLoginFailures(tx, before(0)))
  const events = await removeAll((tx) => deleteExpiredEvents(tx, before(EVENT_RETENTION_MS), BATCH))
  await eventLog.touchSubscribers(BATCH, () => pause(timers, PAUSE_MS, signal))
  await removeAll((tx) => eventLog.expireSubscribers(tx, BATCH))
  const sessions = await removeAll((tx) => deleteExpiredSessions(tx, before(SESSION_RETENTION_MS), BATCH))
  let files = 0
  await repeat(async (after) => {
    const batch = await db.write((tx) => deleteOrphans(tx, after, { accounts: BATCH, files: FILES }))
    files += batch?.count ?? 0
    return batch?.last
  })
  const collected = await collectBlobs({ db, blobs, repeat }, before(BLOB_RETENTION_MS))
  return { events, sessions, files, parts, ...collected }
}
