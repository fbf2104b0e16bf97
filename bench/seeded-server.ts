import { execFile } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { request } from 'undici'
import { BenchClient } from './client.js'
import { type Middles, OWNER } from './seed/seeded.js'
import { BenchSphere } from './sphere.js'
import { until } from './until.js'

const ROOT = join(import.meta.dirname, '..', '..')

/**
 * Seeded folders of up to this many files are copied for each start; larger ones are reused, since a few thousand more
 * files hardly matter.
 */
const COPIED_FILES = 10_000

/** A server whose database was seeded before it started. */
export class SeededServer implements AsyncDisposable {
  readonly #sphere: BenchSphere
  readonly #isCopied: boolean
  /** For each sort order the cursor to its second half. */
  readonly middles: Middles
  /** The account that owns the files. */
  readonly owner: BenchClient

  private constructor(sphere: BenchSphere, isCopied: boolean, middles: Middles, owner: BenchClient) {
    this.#sphere = sphere
    this.#isCopied = isCopied
    this.middles = middles
    this.owner = owner
  }

  static async start(files: number, users: number): Promise<SeededServer> {
    let middles: Middles | undefined
    const fill = async (dataDir: string) => {
      middles = await seed(dataDir, files, users)
    }
    const sphere = await BenchSphere.alone({ fill })
    try {
      const owner = await BenchClient.login(sphere.url('eu'), OWNER)
      const server = new SeededServer(sphere, files <= COPIED_FILES, middles as Middles, owner)
      if (server.#isCopied)
        await server.#whileStopped((folder, seededCopy) => cp(folder, seededCopy, { recursive: true }))
      return server
    } catch (error) {
      await sphere[Symbol.asyncDispose]()
      throw error
    }
  }

  get origin(): string {
    return this.#sphere.url('eu')
  }

  /**
   * Restarts the server on its original database.
   * @returns seconds from the start of the process to the first response
   */
  async restart(): Promise<number> {
    await this.#sphere.stop('eu')
    if (this.#isCopied) {
      const folder = this.#sphere.dataDir('eu')
      await rm(folder, { recursive: true })
      await cp(`${folder}.kept`, folder, { recursive: true })
    }
    const began = performance.now()
    const started = this.#sphere.startRegional('eu')
    const responded = until(() => responds(`${this.origin}/health`), 2).then(() => performance.now())
    await started
    return ((await responded) - began) / 1000
  }

  peakMegabytes(): Record<string, number> {
    return this.#sphere.peakMegabytes()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sphere[Symbol.asyncDispose]()
  }

  async #whileStopped(work: (folder: string, kept: string) => Promise<void>): Promise<void> {
    const folder = this.#sphere.dataDir('eu')
    await this.#sphere.stop('eu')
    await work(folder, `${folder}.kept`)
    await this.#sphere.startRegional('eu')
  }
}

/** Runs in a separate process, because it imports the server's sources. */
function seed(dataDir: string, files: number, users: number): Promise<Middles> {
  const program = join(ROOT, 'bench', 'seed', 'run.ts')
  const args = ['--import=tsx', program, dataDir, 'eu', String(files), String(users)]
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, args, { cwd: ROOT }, (error, stdout) => {
      if (error === null) resolve(JSON.parse(stdout))
      else reject(error)
    })
    child.stderr?.pipe(process.stderr, { end: false })
  })
}

async function responds(url: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(url)
    await body.dump()
    return statusCode === 200
  } catch {
    return false
  }
}
