import { setTimeout as sleep } from 'node:timers/promises'
import type { BlobStore } from '../storage/blobs.js'
import { buryOrphans, countBlobs } from '../storage/cleaning.js'
import type { Database } from '../storage/database.js'
import { purgeEvents } from '../storage/events.js'
import { purgeLoginFailures } from '../storage/login-failures.js'
import { purgeSessions } from '../storage/sessions.js'

const DAY_MS = 24 * 3600 * 1000
const EVENTS_MS = 7 * DAY_MS
const SESSIONS_MS = 30 * DAY_MS
const BLOBS_MS = DAY_MS
const BATCH = 100
const PAUSE_MS = 50

/** Blobs that one round may remove: a tenth of all, so that a mistake elsewhere is noticed before all is gone. */
const BLOB_SHARE = 0.1
const BLOB_MINIMUM = 1000

export interface MaintenanceOptions {
  db: Database
  blobs: BlobStore
  now: () => number
}

/** What one round removed. */
export interface Cleaned {
  events: number
  sessions: number
  files: number
  blobs: number
  blob_bytes: number
}

/** One round of removing what is of no use any more, in small steps with pauses; ends early when `signal` aborts. */
export async function clean({ db, blobs, now }: MaintenanceOptions, signal: AbortSignal): Promise<Cleaned> {
  const before = (ms: number) => new Date(now() - ms).toISOString()
  const steps = async (step: () => Promise<number>): Promise<number> => {
    let total = 0
    for (let count = BATCH; count === BATCH && !signal.aborted; total += count) {
      count = await step()
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
    return total
  }
  await db.write((tx) => purgeLoginFailures(tx, before(0)))
  return {
    events: await steps(() => db.write((tx) => purgeEvents(tx, before(EVENTS_MS), BATCH))),
    sessions: await steps(() => db.write((tx) => purgeSessions(tx, before(SESSIONS_MS), BATCH))),
    files: await steps(() => db.write((tx) => buryOrphans(tx, BATCH))),
    ...(await cleanBlobs({ db, blobs, now }, signal)),
  }
}

async function cleanBlobs({ db, blobs, now }: MaintenanceOptions, signal: AbortSignal) {
  const most = Math.max(BLOB_MINIMUM, Math.floor(countBlobs(db) * BLOB_SHARE))
  const before = new Date(now() - BLOBS_MS).toISOString()
  const cleaned = { blobs: 0, blob_bytes: 0 }
  for (let after = ''; cleaned.blobs < most && !signal.aborted; ) {
    const swept = await blobs.sweep(before, after, Math.min(BATCH, most - cleaned.blobs))
    if (swept === undefined) break
    after = swept.last
    cleaned.blobs += swept.count
    cleaned.blob_bytes += swept.freed
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
  }
  return cleaned
}
