import { countNextBlobs, maxBlobsCollected } from '../blobs/blob-count.js'
import type { BlobStore } from '../blobs/blob-store.js'
import type { Database } from '../db/engine/database.js'
import { deleteExpiredEvents } from '../db/regional/events.js'
import { deleteExpiredLoginFailures } from '../db/regional/login-failures.js'
import { deleteOrphans } from '../db/regional/orphans.js'
import { deleteExpiredSessions } from '../db/regional/sessions.js'
import { DAY_MS } from '../lib/durations.js'
import { pause, systemTimers, type Timers } from '../lib/timers.js'
import { EVENT_RETENTION_MS, type EventLog } from './event-log.js'

const SESSION_RETENTION_MS = 30 * DAY_MS
const BLOB_RETENTION_MS = DAY_MS
const PART_RETENTION_MS = DAY_MS
/** What one step looks at or removes: some milliseconds. A file that goes leaves every index there is. */
const BATCH = 200
const FILES = 20
const BLOBS = 50
const COUNTED = 5000
const PAUSE_MS = 20

export interface GarbageCollectionDeps {
  db: Database
  blobs: BlobStore
  eventLog: EventLog
  /** Removes parts of transfers that nobody went on with since a time, milliseconds since 1970; returns how many. */
  removeAbandonedParts?: (beforeMs: number) => Promise<number>
  now: () => number
  timers?: Timers
}

/** What one round removed. */
export type Collected = {
  events: number
  sessions: number
  files: number
  parts: number
  blobs: number
  blob_bytes: number
}

/** One round of removing what is of no use any more, in small steps with pauses; ends early when `signal` aborts. */
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
  await db.write((tx) => deleteExpiredLoginFailures(tx, before(0)))
  for (let count = BATCH; count === BATCH && !signal.aborted; await rest()) {
    count = await db.write((tx) => deleteExpiredEvents(tx, before(EVENT_RETENTION_MS), BATCH))
    cleaned.events += count
  }
  await eventLog.touchSubscribers(BATCH, rest)
  for (let count = BATCH; count === BATCH && !signal.aborted; await rest()) {
    count = await db.write((tx) => eventLog.expireSubscribers(tx, BATCH))
  }
  for (let count = BATCH; count === BATCH && !signal.aborted; await rest()) {
    count = await db.write((tx) => deleteExpiredSessions(tx, before(SESSION_RETENTION_MS), BATCH))
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
