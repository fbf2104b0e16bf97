import { join } from 'node:path'
import { type Certificate, ensureCertificate } from './certificate.js'
import { freePort, ServerProcess } from './server-process.js'
import { TempFolder } from './temp-folder.js'

const BIN = join(import.meta.dirname, '..', 'bin')

/** As `npm start` and the container have it. */
const HEAP_FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=50']
const GRAND = 'grand'

/**
 * This project's servers as they run in production: a process for each, in its default configuration, but for request
 * rates, since all requests come from one machine here, and for the quota of a user.
 */
export class BenchSphere implements AsyncDisposable {
  readonly #folder = new TempFolder()
  readonly #ports = new Map<string, number>()
  readonly #running = new Map<string, ServerProcess>()
  readonly #peaks: Record<string, number> = {}
  readonly #env: Record<string, string>

  private constructor(env: Record<string, string>) {
    this.#env = env
  }

  /** A grand and regionals of these names. */
  static async start(names: string[]): Promise<BenchSphere> {
    const sphere = new BenchSphere({})
    await sphere.startGrand()
    for (const name of names) await sphere.startRegional(name)
    return sphere
  }

  /**
   * One regional named eu that has no grand.
   * @param fill fills its data folder before it starts
   */
  static async alone({
    https = false,
    fill = async () => {},
  }: {
    https?: boolean
    fill?: (dataDir: string) => Promise<void>
  } = {}): Promise<BenchSphere> {
    const sphere = new BenchSphere({})
    if (https) {
      const { certFile, keyFile } = sphere.certificate('eu')
      Object.assign(sphere.#env, { TLS_CERT: certFile, TLS_KEY: keyFile })
    }
    await fill(sphere.dataDir('eu'))
    await sphere.startRegional('eu')
    return sphere
  }

  async startGrand(): Promise<void> {
    this.certificate(GRAND)
    await this.#run('grand', GRAND, {})
  }

  /** Starts a regional, or starts it again with what it has stored. */
  async startRegional(name: string): Promise<void> {
    const grandPort = this.#ports.get(GRAND)
    if (grandPort === undefined) return this.#run('regional', name, this.#env)
    this.certificate(name)
    return this.#run('regional', name, { GRAND_URL: `https://127.0.0.1:${grandPort}` })
  }

  async stop(name: string): Promise<void> {
    this.#notePeak(name)
    const server = this.#running.get(name)
    this.#running.delete(name)
    await server?.[Symbol.asyncDispose]()
  }

  url(name: string): string {
    return `${this.#env['TLS_CERT'] === undefined ? 'http' : 'https'}://127.0.0.1:${this.#ports.get(name)}`
  }

  dataDir(name: string): string {
    return join(this.#folder.path, name)
  }

  /** A server's certificate, made where there is none. */
  certificate(name: string): Certificate {
    return ensureCertificate(join(this.#folder.path, 'certs'), name)
  }

  /** The most memory that each server has had, MB of resident set. */
  peakMegabytes(): Record<string, number> {
    for (const name of this.#running.keys()) this.#notePeak(name)
    return { ...this.#peaks }
  }

  /** The memory that a server has now, MB of resident set. */
  megabytes(name: string): number {
    return this.#running.get(name)?.megabytes() ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#running.keys()].reverse()) await this.stop(name)
    await this.#folder[Symbol.asyncDispose]()
  }

  #notePeak(name: string): void {
    const peak = this.#running.get(name)?.peakMegabytes() ?? 0
    this.#peaks[name] = Math.max(this.#peaks[name] ?? 0, peak)
  }

  async #run(program: 'grand' | 'regional', name: string, settings: Record<string, string>): Promise<void> {
    const port = this.#ports.get(name) ?? (await freePort())
    this.#ports.set(name, port)
    const env = {
      ...process.env,
      NAME: name,
      PORT: String(port),
      DATA_DIR: this.dataDir(name),
      CERTS_DIR: join(this.#folder.path, 'certs'),
      // As `npm start` and the container have it.
      MALLOC_ARENA_MAX: '1',
      RATE_LIMITS: 'off',
      STORAGE_QUOTA: '1TiB',
      ...settings,
    }
    const logFile = join(this.#folder.path, `${name}.log`)
    this.#running.set(
      name,
      await ServerProcess.start(process.execPath, [...HEAP_FLAGS, join(BIN, `${program}.js`)], {
        env,
        logFile,
      }),
    )
  }
}
