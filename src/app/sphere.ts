import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { SphereConfig } from '../config/config.js'
import { type Environment, PREFIX } from '../config/environment.js'

const RESTART_MS = 1000

/**
 * The heap flags save 60 MB per server at equal CPU time (bench rows `upload-small` and `catch-up`). By default V8 grows
 * the young generation to 48 MB, and doubles the heap between collections. `--expose-gc` is for lib/young-collection.ts.
 * The container and the systemd unit set them too.
 */
const NODE_FLAGS = '--disable-sigusr1 --expose-gc --max-semi-space-size=4 --heap-growing-percent=50'.split(
  ' ',
)

/** The message that a server sends its parent once: its address, or what prevents its start. */
export type Report = { url: string } | { faults: readonly string[] }

type Server = SphereConfig['servers'][number]

export interface SphereDeps {
  /** Environment shared by the servers. */
  env: Environment
  /** Folder of the built programs. */
  programs: string
  /** Called once all servers listen. @param urls address of each server by name */
  onUp: (urls: ReadonlyMap<string, string>) => void
  /** Called when a server has exited by itself, with a line to print. */
  onRestart: (line: string) => void
  /** Called when a server cannot start, with the lines to print; the other servers are stopped. */
  onFault: (lines: string[]) => void
}

/** Runs the servers of a sphere on this machine, each in its own process, and restarts those that exit. */
export class Sphere {
  readonly #config: SphereConfig
  readonly #deps: SphereDeps
  readonly #children = new Map<string, ChildProcess>()
  readonly #urls = new Map<string, string>()
  #isUp = false
  #isStopping = false

  constructor(config: SphereConfig, deps: SphereDeps) {
    this.#config = config
    this.#deps = deps
  }

  start(): void {
    for (const server of this.#config.servers) void this.#run(server)
  }

  /** Stops all servers. The event loop of this process is empty once they have exited. */
  stop(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    for (const child of this.#children.values()) child.kill('SIGTERM')
  }

  async #run(server: Server): Promise<void> {
    const { kind, name } = server
    const child = fork(join(this.#deps.programs, `${kind}.js`), ['--ipc'], {
      env: this.#envOf(server),
      execArgv: NODE_FLAGS,
      // Ctrl-C must reach this process only: a second signal would interrupt a server's shutdown.
      detached: true,
    })
    this.#children.set(name, child)
    child.once('message', (report: Report) => this.#handleReport(server, report))
    // `disconnect` comes after the last message, `exit` may come before it.
    const [[code, signal]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
    this.#children.delete(name)
    if (this.#isStopping) return
    this.#deps.onRestart(`${name} exited (${signal ?? code}) and is restarted`)
    setTimeout(() => this.#isStopping || this.#run(server), RESTART_MS)
  }

  #handleReport(server: Server, report: Report): void {
    if ('faults' in report) {
      this.#fail(server, report.faults)
      return
    }
    this.#urls.set(server.name, report.url)
    if (this.#isUp || this.#urls.size < this.#config.servers.length) return
    this.#isUp = true
    this.#deps.onUp(this.#urls)
  }

  /** A server that cannot start is not restarted: the cause would be the same. */
  #fail({ name, portVariable }: Server, faults: readonly string[]): void {
    if (this.#isStopping) return
    // The sphere configures the port in a variable of its own.
    const lines = faults.map((fault) => `${name}: ${fault.replace(`${PREFIX}PORT:`, `${portVariable}:`)}`)
    this.#deps.onFault(lines)
    this.stop()
  }

  #envOf({ kind, name, port }: Server): NodeJS.ProcessEnv {
    const { dataDir, certsDir, logLevel, grandUrl } = this.#config
    return {
      // Each malloc arena would retain the 19 MiB of a password hash.
      MALLOC_ARENA_MAX: '1',
      ...this.#deps.env,
      [`${PREFIX}NAME`]: name,
      [`${PREFIX}PORT`]: String(port),
      [`${PREFIX}DATA_DIR`]: join(dataDir, name),
      [`${PREFIX}CERTS_DIR`]: certsDir,
      [`${PREFIX}LOG_LEVEL`]: logLevel,
      // The regionals connect to the grand on 127.0.0.1.
      ...(kind === 'grand' ? { [`${PREFIX}HOST`]: '127.0.0.1' } : { [`${PREFIX}GRAND_URL`]: grandUrl }),
    }
  }
}
