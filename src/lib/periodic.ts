import type { Logger } from 'pino'
import { systemTimers, type Timers } from './timers.js'

/** What one round did; it is logged when any of it is worth a word. */
type PeriodicJob = (signal: AbortSignal) => Promise<{ [what: string]: number | readonly string[] }>

/**
 * Runs rounds of background work, one after the other, every so often; disposing of it ends the one that runs.
 * @param name what the log calls it
 */
export function periodic(
  name: string,
  intervalMs: number,
  round: PeriodicJob,
  logger: Logger,
  timers: Timers = systemTimers,
): AsyncDisposable {
  const stop = new AbortController()
  let running: Promise<void> | undefined
  let lastFault: string | undefined
  const run = async () => {
    const done = await round(stop.signal)
    const news = Object.values(done).some((value) =>
      typeof value === 'number' ? value > 0 : value.length > 0,
    )
    if (news) logger.info(done, name)
    lastFault = undefined
  }
  // A full disk would get a line for each round.
  const complain = (err: Error) => {
    logger[err.message === lastFault ? 'debug' : 'error']({ err }, `${name} failed`)
    lastFault = err.message
  }
  const timer = timers.every(intervalMs, () => {
    // A round may take longer than the time to the next.
    running ??= run()
      .catch(complain)
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
