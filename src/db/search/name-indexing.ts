import { pause, systemTimers, type Timers } from '../../lib/timers.js'
import type { Database } from '../engine/database.js'
import { indexNames } from './name-index.js'

/** Bounds a transaction to a few milliseconds. */
const NAMES_PER_TRANSACTION = 200

/** Event-loop utilization above which the server is busy, and the pause after a batch then, as a multiple of its time. */
const BUSY_UTILIZATION = 0.5
const REST_FACTOR = 25

/** Smaller counts are not worth logging. */
const MIN_REPORTED_NAMES = 10_000

/**
 * Indexes all unindexed names in small batches. It takes a few percent of the event loop's time on a busy server, and at
 * most half of it on an idle one. Stops early when the signal aborts.
 * @returns the number of names indexed, if large enough to log
 */
export async function indexAllNames(
  db: Database,
  signal: AbortSignal,
  timers: Timers = systemTimers,
): Promise<{ names?: number }> {
  let names = 0
  for (let isDone = false; !isDone && !signal.aborted; ) {
    const startMs = timers.now()
    const count = await db.write((tx) => indexNames(tx, NAMES_PER_TRANSACTION))
    names += count
    isDone = count < NAMES_PER_TRANSACTION
    const elapsedMs = timers.now() - startMs
    const before = performance.eventLoopUtilization()
    await pause(timers, elapsedMs, signal)
    const { utilization } = performance.eventLoopUtilization(before)
    if (utilization > BUSY_UTILIZATION) await pause(timers, elapsedMs * REST_FACTOR, signal)
  }
  return names < MIN_REPORTED_NAMES ? {} : { names }
}
