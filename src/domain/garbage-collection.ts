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
import { eraseClosedAccounts } from './account-erasure.js'
import { EVENT_RETENTION_MS, type EventLog } from './event-log.js'
import type { Journal } from './journal.js'

const SESSION_RETENTION_MS = 30 * DAY_MS
const BLOB_RETENTION_MS = DAY_MS
const PART_RETENTION_MS = DAY_MS
/** Rows of one transaction, which holds the writer for a few milliseconds. Deleting a file updates every index. */
const BATCH = 200
const ORPHANS = 20
const PAUSE_MS = 20

export interface GarbageCollectionDeps {
  db: Database
  blobs: BlobStore
  eventLog: EventLog
  journal: Journal
  /** How long a closed account can be opened again, ms. */
  accountGraceMs: number
  /** Removes partial transfers without progress since a time, milliseconds since 1970. @returns how many */
  removeAbandonedParts?: (beforeMs: number) => Promise<number>
  now: () => number
  /** The time by which rows expire that expire on all servers alike (see system-clock.ts). */
  confirmedNow: () => number
  timers?: Timers
}

/** Counts of removed rows, partial transfers and bytes; `orphans` are rows of deleted accounts. */
export type Collected = {
  events: number
  sessions: number
  accounts: number
  orphans: number
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
    journal,
    accountGraceMs,
    removeAbandonedParts = async () => 0,
    now,
    confirmedNow,
    timers = systemTimers,
  }: GarbageCollectionDeps,
  signal: AbortSignal,
): Promise<Collected> {
  const before = (ms: number) => new Date(now() - ms).toISOString()
  const confirmedBefore = (ms: number) => new Date(Math.max(0, confirmedNow() - ms)).toISOString()
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
  const sessions = await removeAll((tx) =>
    deleteExpiredSessions(tx, confirmedBefore(SESSION_RETENTION_MS), BATCH),
  )
  const accounts = await eraseClosedAccounts({ db, journal }, confirmedBefore(accountGraceMs))
  let orphans = 0
  await repeat(async (after) => {
    const batch = await db.write((tx) => deleteOrphans(tx, after, { accounts: BATCH, rows: ORPHANS }))
    orphans += batch?.count ?? 0
    return batch?.last
  })
  const collected = await collectBlobs({ db, blobs, repeat }, before(BLOB_RETENTION_MS))
  return { events, sessions, accounts, orphans, parts, ...collected }
}
