import type { Logger } from 'pino'
import { systemTimers, type Timers } from './timers.js'

/** @returns counts or lists of what one run did; it is logged unless all of them are empty */
type PeriodicJob = (signal: AbortSignal) => Promise<{ [name: string]: number | readonly string[] }>

/**
 * Runs a background job at intervals, never two runs at once. Disposing aborts the current run and waits for it.
 * @param name of the job in the log
 */
export function periodic(
  name: string,
  intervalMs: number,
  job: PeriodicJob,
  logger: Logger,
  timers: Timers = systemTimers,
): AsyncDisposable {
  const stop = new AbortController()
  let running: Promise<void> | undefined
  let lastFault: string | undefined
  const run = async () => {
    const done = await job(stop.signal)
    const didWork = Object.values(done).some((value) =>
      typeof value === 'number' ? value > 0 : value.length > 0,
    )
    if (didWork) logger.info(done, name)
    lastFault = undefined
  }
  // A lasting fault, such as a full disk, is logged once.
  const logFault = (err: Error) => {
    logger[err.message === lastFault ? 'debug' : 'error']({ err }, `${name} failed`)
    lastFault = err.message
  }
  const timer = timers.every(intervalMs, () => {
    // A run may take longer than the interval.
    running ??= run()
      .catch(logFault)
      .finally(() => {
        running = undefined
      })
  })
  return {
    async [Symbol.asyncDispose]() {
      timer.stop()
      stop.abort()
      await running
    },
  }
}
