import closeWithGrace from 'close-with-grace'
import { ConfigError } from '../config.js'

/** A server cuts off after ten seconds what does not finish; this is for one that does not even close. */
const GIVE_UP_MS = 15_000

/**
 * Runs one server as a process: a line on standard output says when it serves; SIGTERM and SIGINT end it with 0; what
 * keeps it from starting is a line each on standard error, and 1.
 */
export async function serve(open: () => Promise<AsyncDisposable & { greeting: string }>): Promise<void> {
  try {
    const server = await open()
    closeWithGrace({ delay: GIVE_UP_MS, logger: false }, async ({ err }) => {
      if (err) console.error(err)
      await server[Symbol.asyncDispose]()
    })
    console.log(server.greeting)
  } catch (error) {
    const lines = error instanceof ConfigError ? error.faults : [(error as Error).message]
    for (const line of lines) console.error(line)
    process.exitCode = 1
  }
}
