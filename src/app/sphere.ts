import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { SphereConfig } from '../config/config.js'
import { type Environment, PREFIX } from '../config/environment.js'

const RESTART_MS = 1000

/**
 * Of V8: left to itself it lets young objects take 48 MB in any burst of work, such as starting, and the heap double before
 * it looks for garbage in it. With these a server has 60 MB less (bench rows `upload-small` and `catch-up`), for no more CPU
 * time. The container and the unit for systemd have them too.
 */
const NODE_FLAGS = ['--disable-sigusr1', '--max-semi-space-size=4', '--heap-growing-percent=50']

/** What a server tells its parent once: where it serves, or what keeps it from starting. */
export type Report = { url: string } | { faults: readonly string[] }

type Server = SphereConfig['servers'][number]

export interface SphereDeps {
  /** Of the servers; what each needs for itself is added. */
  env: Environment
  /** The folder of the built programs. */
  programs: string
  /** Is called once, when all servers serve, with the address of each. */
  onUp: (urls: ReadonlyMap<string, string>) => void
  /** Is called with each server that has ended by itself. */
  onRestart: (line: string) => void
  /** Is called when a server cannot start; the others are being ended then. */
  onFault: (lines: string[]) => void
}

/** The servers of a sphere on this machine, each a process of its own that is started again when it ends. */
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

  /** Tells all servers to end. This process has nothing to do any more when the last of them is gone. */
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
      // Ctrl-C reaches this process alone: a second signal would cut a server's end short.
      detached: true,
    })
    this.#children.set(name, child)
    child.once('message', (report: Report) => this.#handleReport(server, report))
    // Its last message comes before the channel ends.
    const [[code, signal]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
    this.#children.delete(name)
    if (this.#isStopping) return
    this.#deps.onRestart(`${name} ended (${signal ?? code}) and is started again`)
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

  /** What keeps a server from starting does so the next time too. */
  #fail({ name, portVariable }: Server, faults: readonly string[]): void {
    if (this.#isStopping) return
    // Its port has another name here than where it is started alone.
    const lines = faults.map((fault) => `${name}: ${fault.replace(`${PREFIX}PORT:`, `${portVariable}:`)}`)
    this.#deps.onFault(lines)
    this.stop()
  }

  #envOf({ kind, name, port }: Server): NodeJS.ProcessEnv {
    const { dataDir, certsDir, logLevel, grandUrl } = this.#config
    return {
      // Arenas of the C library keep what password hashing takes, 19 MiB each.
      MALLOC_ARENA_MAX: '1',
      ...this.#deps.env,
      [`${PREFIX}NAME`]: name,
      [`${PREFIX}PORT`]: String(port),
      [`${PREFIX}DATA_DIR`]: join(dataDir, name),
      [`${PREFIX}CERTS_DIR`]: certsDir,
      [`${PREFIX}LOG_LEVEL`]: logLevel,
      // The grand stays where its regionals look for it.
      ...(kind === 'grand' ? { [`${PREFIX}HOST`]: '127.0.0.1' } : { [`${PREFIX}GRAND_URL`]: grandUrl }),
    }
  }
}
