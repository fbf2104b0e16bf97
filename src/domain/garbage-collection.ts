import { countSomeBlobs, mostBlobsSwept } from '../blobs/blob-count.js'
import type { BlobStore } from '../blobs/blob-store.js'
import type { Database } from '../db/engine/database.js'
import { purgeEvents } from '../db/regional/events.js'
import { purgeLoginFailures } from '../db/regional/login-failures.js'
import { buryOrphans } from '../db/regional/orphans.js'
import { purgeSessions } from '../db/regional/sessions.js'
import { DAY_MS } from '../lib/durations.js'
import { pause, systemTimers, type Timers } from '../lib/timers.js'
import { EVENTS_MS, type Feed } from './event-log.js'

const SESSIONS_MS = 30 * DAY_MS
const BLOBS_MS = DAY_MS
const PARTS_MS = DAY_MS
/** What one step looks at or removes: some milliseconds. A file that goes leaves every index there is. */
const BATCH = 200
const FILES = 20
const BLOBS = 50
const COUNTED = 5000
const PAUSE_MS = 20

export interface MaintenanceOptions {
  db: Database
  blobs: BlobStore
  feed: Feed
  /** Removes parts of transfers that nobody went on with since a time, milliseconds since 1970; returns how many. */
  sweepParts?: (beforeMs: number) => Promise<number>
  now: () => number
  timers?: Timers
}

/** What one round removed. */
export type Cleaned = {
  events: number
  sessions: number
  files: number
  parts: number
  blobs: number
  blob_bytes: number
}

/** One round of removing what is of no use any more, in small steps with pauses; ends early when `signal` aborts. */
export async function clean(
  { db, blobs, feed, sweepParts = async () => 0, now, timers = systemTimers }: MaintenanceOptions,
  signal: AbortSignal,
): Promise<Cleaned> {
  const before = (ms: number) => new Date(now() - ms).toISOString()
  const parts = await sweepParts(now() - PARTS_MS)
  const cleaned = { events: 0, sessions: 0, files: 0, parts, blobs: 0, blob_bytes: 0 }
  const rest = () => pause(timers, PAUSE_MS, signal)
  await db.write((tx) => purgeLoginFailures(tx, before(0)))
  for (let count = BATCH; count === BATCH && !signal.aborted; await rest()) {
    count = await db.write((tx) => purgeEvents(tx, before(EVENTS_MS), BATCH))
    cleaned.events += count
  }
  await feed.seeListeners(BATCH, rest)
  for (let count = BATCH; count === BATCH && !signal.aborted; await rest()) {
    count = await db.write((tx) => feed.forgetUnseen(tx, BATCH))
  }
  for (let count = BATCH; count === BATCH && !signal.aborted; await rest()) {
    count = await db.write((tx) => purgeSessions(tx, before(SESSIONS_MS), BATCH))
    cleaned.sessions += count
  }
  for (let after = ''; !signal.aborted; await rest()) {
    const buried = await db.write((tx) => buryOrphans(tx, after, { accounts: BATCH, files: FILES }))
    if (buried === undefined) break
    after = buried.last
    cleaned.files += buried.count
  }
  let all = 0
  for (let after = '', count = COUNTED; count === COUNTED && !signal.aborted; all += count) {
    const some = countSomeBlobs(db, after, COUNTED)
    after = some.last
    count = some.count
    await pause(timers, 0, signal)
  }
  const most = mostBlobsSwept(all)
  for (let after = ''; cleaned.blobs < most && !signal.aborted; await rest()) {
    const swept = await blobs.sweep(before(BLOBS_MS), after, BLOBS)
    if (swept === undefined) break
    after = swept.last
    cleaned.blobs += swept.count
    cleaned.blob_bytes += swept.freed
  }
  return cleaned
}
