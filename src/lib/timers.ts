/** The core's only timers and monotonic clock, so that test/simulation can replace them. */

/** A scheduled call. */
export interface Timer {
  /** Cancels the call. */
  stop(): void
}

export interface Timers {
  /** Milliseconds of a monotonic clock; only differences mean anything. */
  now(): number
  after(ms: number, run: () => void): Timer
  every(ms: number, run: () => void): Timer
  /** Runs in the next event-loop tick. */
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

/** Resolves after a time, or as soon as the signal aborts. It never rejects: the caller checks the signal. */
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
