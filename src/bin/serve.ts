import closeWithGrace from 'close-with-grace'
import type { Report } from '../app/sphere.js'
import { ConfigError, describeProgram, type ServerKind } from '../config/config.js'
import { readFlags } from './arguments.js'
import { onHangup } from './signals.js'

/** A server aborts unfinished requests after ten seconds; this is for one that fails to close at all. */
const EXIT_TIMEOUT_MS = 15_000

/** Signals on which close-with-grace must not close: they have other uses, or are to end the process at once. */
const OTHER_SIGNALS = ['SIGHUP', 'SIGQUIT', 'SIGABRT', 'SIGUSR2'] as const

export interface Server extends AsyncDisposable {
  name: string
  url: string
  /** Reloads the certificates. */
  reload(): Promise<void>
}

/**
 * Runs one server as a process. It prints a line on standard output once it serves, exits with 0 on SIGTERM and SIGINT, and
 * reloads its certificates on SIGHUP. If it cannot start, it prints a line for each fault on standard error and exits with 1.
 * With `--ipc` it reports to its parent instead, and exits when the parent does.
 */
export async function serve(kind: ServerKind, open: () => Promise<Server>): Promise<void> {
  const hasParent = readFlags(`syncsphere-${kind}`, helpOf(kind), ['ipc']).has('ipc')
  try {
    const server = await open()
    let isClosing = false
    onHangup(() => void server.reload())
    const options = { delay: EXIT_TIMEOUT_MS, logger: false as const, skip: [...OTHER_SIGNALS] }
    const { close } = closeWithGrace(options, async ({ err }) => {
      isClosing = true
      if (err) console.error(err)
      await server[Symbol.asyncDispose]()
    })
    // The reader of standard output may have exited.
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
  return `Runs a ${kind} server until SIGTERM or SIGINT. Environment variables configure it:

${describeProgram(kind)}

  --ipc       report the URL or the faults to the parent process (Node.js IPC), and exit with it
  --version   the version
  --help      this text`
}
