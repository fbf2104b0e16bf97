import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.js'

const RESTART_MS = 200

export interface DocumentedServer {
  name: string
  program: 'regional' | 'grand'
  /** Its port with `npm start`, as in the README. */
  documentedPort: number
}

/** The servers of `npm start`, restarted when they exit, but with free ports and a temporary folder. */
export class Servers implements AsyncDisposable {
  readonly #folder: string
  readonly #servers: { server: DocumentedServer; port: number }[] = []
  readonly #running = new Set<ChildProcess>()
  #stopping = false

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Starts a server; resolves with its port once it is ready. */
  async start(server: DocumentedServer, env: NodeJS.ProcessEnv = {}): Promise<number> {
    const port = await freePort()
    this.#servers.push({ server, port })
    const { stdout } = this.#run(server, port, env)
    if (stdout !== null) await once(stdout, 'data')
    return port
  }

  /** Replaces the ports in the README by the actual ones. */
  toActual(text: string): string {
    return this.#servers.reduce(
      (changed, { server, port }) => changed.replaceAll(portPattern(server.documentedPort), String(port)),
      text,
    )
  }

  toDocumented(text: string): string {
    return this.#servers.reduce(
      (changed, { server, port }) => changed.replaceAll(portPattern(port), String(server.documentedPort)),
      text,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    for (const child of this.#running) {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      await closed
    }
  }

  #run(server: DocumentedServer, port: number, env: NodeJS.ProcessEnv): ChildProcess {
    const path = fileURLToPath(new URL(`../../dist/bin/${server.program}.js`, import.meta.url))
    const child = spawn(process.execPath, [path], {
      env: {
        ...process.env,
        NAME: server.name,
        PORT: String(port),
        DATA_DIR: join(this.#folder, server.name),
        LOG_LEVEL: 'error',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#running.add(child)
    child.once('exit', () => {
      this.#running.delete(child)
      if (!this.#stopping) setTimeout(() => this.#stopping || this.#run(server, port, env), RESTART_MS)
    })
    return child
  }
}

/** Matches a port in an address or after a word, but not inside a longer number. */
function portPattern(port: number): RegExp {
  return new RegExp(`(?<![\\d.])${port}(?!\\d)`, 'g')
}
