import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.js'

const RESTART_MS = 200

export interface Place {
  name: string
  program: 'regional' | 'grand'
  /** Its port with `npm start`, which the README shows. */
  documentedPort: number
}

/**
 * Servers as `npm start` runs them, each a process of its own that is started again when it ends, but on free ports
 * and in a folder of their own.
 */
export class Servers implements AsyncDisposable {
  readonly #folder: string
  readonly #places: { place: Place; port: number }[] = []
  readonly #running = new Set<ChildProcess>()
  #stopping = false

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Starts a server; resolves with its port when it serves. */
  async start(place: Place, env: NodeJS.ProcessEnv = {}): Promise<number> {
    const port = await freePort()
    this.#places.push({ place, port })
    const { stdout } = this.#run(place, port, env)
    if (stdout !== null) await once(stdout, 'data')
    return port
  }

  /** A text for the ports that the README shows, turned to the ports in use. */
  toActual(text: string): string {
    return this.#places.reduce(
      (changed, { place, port }) => changed.replaceAll(portPattern(place.documentedPort), String(port)),
      text,
    )
  }

  toDocumented(text: string): string {
    return this.#places.reduce(
      (changed, { place, port }) => changed.replaceAll(portPattern(port), String(place.documentedPort)),
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

  #run(place: Place, port: number, env: NodeJS.ProcessEnv): ChildProcess {
    const path = fileURLToPath(new URL(`../../dist/bin/${place.program}.js`, import.meta.url))
    const child = spawn(process.execPath, [path], {
      env: {
        ...process.env,
        NAME: place.name,
        PORT: String(port),
        DATA_DIR: join(this.#folder, place.name),
        LOG_LEVEL: 'error',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#running.add(child)
    child.once('exit', () => {
      this.#running.delete(child)
      if (!this.#stopping) setTimeout(() => this.#stopping || this.#run(place, port, env), RESTART_MS)
    })
    return child
  }
}

/** A port as it stands in an address or after a word, and in no longer number. */
function portPattern(port: number): RegExp {
  return new RegExp(`(?<![\\d.])${port}(?!\\d)`, 'g')
}
