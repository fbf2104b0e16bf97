import closeWithGrace from 'close-with-grace'
import type { Report } from '../app/sphere.js'
import { ConfigError, describeProgram, type ServerKind } from '../config/config.js'
import { readFlags } from './arguments.js'
import { onHangUp } from './signals.js'

/** A server cuts off after ten seconds what does not finish; this is for one that does not even close. */
const GIVE_UP_MS = 15_000

/** Signals that the package would take for the end: some are for other things, some are to end a process as it stands. */
const NOT_THE_END = ['SIGHUP', 'SIGQUIT', 'SIGABRT', 'SIGUSR2'] as const

export interface Server extends AsyncDisposable {
  name: string
  url: string
  /** Reads again what can change while it runs. */
  reload(): Promise<void>
}

/**
 * Runs one server as a process: a line on standard output says when it serves; SIGTERM and SIGINT end it with 0; SIGHUP
 * has it read its certificates again; what keeps it from starting is a line each on standard error, and 1. With `--ipc`
 * its parent is told instead, and it ends when the parent is gone.
 */
export async function serve(kind: ServerKind, open: () => Promise<Server>): Promise<void> {
  const hasParent = readFlags(`syncsphere-${kind}`, helpOf(kind), ['ipc']).has('ipc')
  try {
    const server = await open()
    let isClosing = false
    onHangUp(() => void server.reload())
    const options = { delay: GIVE_UP_MS, logger: false as const, skip: [...NOT_THE_END] }
    const { close } = closeWithGrace(options, async ({ err }) => {
      isClosing = true
      if (err) console.error(err)
      await server[Symbol.asyncDispose]()
    })
    // Whoever was to read that may be gone already.
    process.stdout.on('error', () => undefined)
    console.log(`${server.name} serves on ${server.url}`)
    if (!hasParent) return
    report({ url: server.url })
    const closeOnce = () => isClosing || close()
    if (process.connected) process.once('disconnect', closeOnce)
    else await closeOnce()
  } catch (error) {
    const faults = error instanceof ConfigError ? error.faults : [(error as Error).message]
    if (hasParent) report({ faults })
    else for (const fault of faults) console.error(fault)
    process.exitCode = 1
  }
}

function report(report: Report): void {
  if (process.connected) process.send?.(report)
}

function helpOf(kind: ServerKind): string {
  return `Runs a ${kind} server until it is told to end (SIGTERM, SIGINT). It is configured by environment variables:

${describeProgram(kind)}

  --ipc       tell the parent process where it serves or why not (messages of Node.js), and end with it
  --version   the version
  --help      this text`
}
