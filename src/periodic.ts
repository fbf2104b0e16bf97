import type { Logger } from 'pino'
import { systemTimers, type Timers } from './timers.js'

/** What one round did; it is logged when any of it is worth a word. */
type Round = (signal: AbortSignal) => Promise<{ [what: string]: number | readonly string[] }>

/**
 * Runs rounds of background work, one after the other, every so often; disposing of it ends the one that runs.
 * @param name what the log calls it
 */
export function periodic(
  name: string,
  intervalMs: number,
  round: Round,
  logger: Logger,
  timers: Timers = systemTimers,
): AsyncDisposable {
  const stop = new AbortController()
  let running: Promise<void> | undefined
  const run = async () => {
    const done = await round(stop.signal)
    const news = Object.values(done).some((value) =>
      typeof value === 'number' ? value > 0 : value.length > 0,
    )
    if (news) logger.info(done, name)
  }
  const timer = timers.every(intervalMs, () => {
    // A round may take longer than the time to the next.
    running ??= run()
      .catch((err: unknown) => logger.error({ err }, `${name} failed`))
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
