import { pause, systemTimers, type Timers } from '../../lib/timers.js'
import type { Database } from '../engine/database.js'
import { indexNames } from './name-index.js'

/** Names in one unit of work: some milliseconds. */
const NAMES_PER_TRANSACTION = 200

/** From which share of the loop's time on others are at work, and how much longer than its work it then rests. */
const BUSY_UTILIZATION = 0.5
const REST_FACTOR = 25

/** So many at once are worth a word. */
const MIN_REPORTED_NAMES = 10_000

/**
 * Puts all names that are not yet in their index into it, in small steps. While others are at work it takes no more than
 * a few percent of their time, and when nobody is, half of it. Ends early when the signal aborts.
 * @returns how many, where they were many
 */
export async function indexAllNames(
  db: Database,
  signal: AbortSignal,
  timers: Timers = systemTimers,
): Promise<{ names?: number }> {
  let names = 0
  for (let isDone = false; !isDone && !signal.aborted; ) {
    const began = timers.now()
    const count = await db.write((tx) => indexNames(tx, NAMES_PER_TRANSACTION))
    names += count
    isDone = count < NAMES_PER_TRANSACTION
    const took = timers.now() - began
    const load = performance.eventLoopUtilization()
    await pause(timers, took, signal)
    if (performance.eventLoopUtilization(load).utilization > BUSY_UTILIZATION)
      await pause(timers, took * REST_FACTOR, signal)
  }
  return names < MIN_REPORTED_NAMES ? {} : { names }
}
