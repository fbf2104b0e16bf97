import { countNextBlobs, maxBlobsCollected } from '../blobs/blob-count.js'
import type { BlobStore } from '../blobs/blob-store.js'
import type { Database } from '../db/engine/database.js'
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
/** Rows of one transaction, which holds the writer for a few milliseconds. Deleting a file updates every index. */
const BATCH = 200
const FILES = 20
const BLOBS = 50
const COUNTED = 5000
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
  const parts = await removeAbandonedParts(now() - PART_RETENTION_MS)
  const cleaned = { events: 0, sessions: 0, files: 0, parts, blobs: 0, blob_bytes: 0 }
  const rest = () => pause(timers, PAUSE_MS, signal)
  await db.write((tx) => purgeLoginFailures(tx, before(0)))
  for (let count = BATCH; count === BATCH && !signal.aborted; await rest()) {
    count = await db.write((tx) => purgeEvents(tx, before(EVENT_RETENTION_MS), BATCH))
    cleaned.events += count
  }
  await eventLog.touchSubscribers(BATCH, rest)
  for (let count = BATCH; count === BATCH && !signal.aborted; await rest()) {
    count = await db.write((tx) => eventLog.expireSubscribers(tx, BATCH))
  }
  for (let count = BATCH; count === BATCH && !signal.aborted; await rest()) {
    count = await db.write((tx) => purgeSessions(tx, before(SESSION_RETENTION_MS), BATCH))
    cleaned.sessions += count
  }
  for (let after = ''; !signal.aborted; await rest()) {
    const deleted = await db.write((tx) => deleteOrphans(tx, after, { accounts: BATCH, files: FILES }))
    if (deleted === undefined) break
    after = deleted.last
    cleaned.files += deleted.count
  }
  let all = 0
  for (let after = '', count = COUNTED; count === COUNTED && !signal.aborted; all += count) {
    const some = countNextBlobs(db, after, COUNTED)
    after = some.last
    count = some.count
    await pause(timers, 0, signal)
  }
  const most = maxBlobsCollected(all)
  for (let after = ''; cleaned.blobs < most && !signal.aborted; await rest()) {
    const collected = await blobs.collectGarbage(before(BLOB_RETENTION_MS), after, BLOBS)
    if (collected === undefined) break
    after = collected.last
    cleaned.blobs += collected.count
    cleaned.blob_bytes += collected.freed
  }
  return cleaned
}
