import { join } from 'node:path'
import { type Certificate, ensureCertificate } from './certificate.js'
import { freePort, ServerProcess } from './server-process.js'
import { TempFolder } from './temp-folder.js'

const BIN = join(import.meta.dirname, '..', 'bin')

/** As `npm start` and the container set them. */
const HEAP_FLAGS = ['--expose-gc', '--max-semi-space-size=4', '--heap-growing-percent=50']
const GRAND = 'grand'

/**
 * This project's servers as in production, one process each, in their default configuration. Only request rates are
 * off, since all requests come from one address, and the storage quota is higher.
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

  /** Starts a grand and regionals with these names. */
  static async start(names: string[]): Promise<BenchSphere> {
    const sphere = new BenchSphere({})
    await sphere.startGrand()
    for (const name of names) await sphere.startRegional(name)
    return sphere
  }

  /**
   * Starts one regional named eu without a grand.
   * @param fill fills its data folder before the start
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

  /** Starts a regional, with its stored data if it has run before. */
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

  /** A server's certificate; issues one if there is none. */
  certificate(name: string): Certificate {
    return ensureCertificate(join(this.#folder.path, 'certs'), name)
  }

  /** Peak resident memory of each server, in MB. */
  peakMegabytes(): Record<string, number> {
    for (const name of this.#running.keys()) this.#notePeak(name)
    return { ...this.#peaks }
  }

  /** Current resident memory of a server, in MB. */
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
      // As `npm start` and the container set it.
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
