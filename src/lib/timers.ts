/**
 * When things are run, and by which clock waits are measured. The core asks for time here and nowhere else, so that a
 * simulation can put a clock of its own in its place (test/simulation).
 */

/** Something that is to run later. */
export interface Timer {
  /** It does not run any more. */
  stop(): void
}

export interface Timers {
  /** Milliseconds on a clock that nobody sets: only differences mean anything. */
  now(): number
  after(ms: number, run: () => void): Timer
  every(ms: number, run: () => void): Timer
  /** Runs once everything that is ready now has had its turn. */
  soon(run: () => void): void
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return { stop: () => clearTimeout(timer) }
  },
  every(ms, run) {
    const timer = setInterval(run, ms)
    return { stop: () => clearInterval(timer) }
  },
  soon: (run) => void setImmediate(run),
}

/** Resolves after a time, or as soon as the signal aborts: whoever waits looks at the signal itself. */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      timer.stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = timers.after(ms, done)
    signal.addEventListener('abort', done)
  })
}
