import { pause, type Timers } from './timers.js'

/** Processes one batch. @returns the cursor after it; undefined when nothing is left */
export type Batch = (after: string) => Promise<string | undefined>

/** Repeats a batch until nothing is left. */
export type RepeatInBatches = (batch: Batch) => Promise<void>

/** Creates a runner that pauses between batches, so that other work can run, and stops when `signal` aborts. */
export function inBatches(timers: Timers, pauseMs: number, signal: AbortSignal): RepeatInBatches {
  return async (batch) => {
    let after: string | undefined = ''
    while (!signal.aborted) {
      after = await batch(after)
      if (after === undefined) return
      await pause(timers, pauseMs, signal)
    }
  }
}
