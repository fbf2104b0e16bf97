import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const BIN = join(import.meta.dirname, '..', 'bin')
const FIRST_PORT = 5911
const GRAND_PORT = 5910

/** A sphere as it runs in production: a process for each server, in their default configuration. */
export class BenchSphere implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'bench-'))
  readonly #processes = new Map<string, ChildProcess>()

  static async start(names: string[]): Promise<BenchSphere> {
    const sphere = new BenchSphere()
    execFileSync(process.execPath, [
      join(BIN, 'syncsphere.js'),
      'certs',
      '--out',
      join(sphere.folder, 'certs'),
      'grand',
      'eu',
      'us',
      'ap',
    ])
    await sphere.startGrand()
    for (const name of names) await sphere.startRegional(name)
    return sphere
  }

  async startGrand(): Promise<void> {
    await this.#run('grand', 'grand', GRAND_PORT)
  }

  async startRegional(name: string): Promise<void> {
    await this.#run('regional', name, portOf(name))
  }

  async stop(name: string): Promise<void> {
    const child = this.#processes.get(name)
    this.#processes.delete(name)
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }

  /** The most memory that a server has had, MB of resident set. */
  peakMegabytes(name: string): number {
    const status = readFileSync(`/proc/${this.#processes.get(name)?.pid}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#processes.keys()].reverse()) await this.stop(name)
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #run(program: string, name: string, port: number): Promise<void> {
    const env = {
      ...process.env,
      NAME: name,
      PORT: String(port),
      DATA_DIR: join(this.folder, name),
      CERTS_DIR: join(this.folder, 'certs'),
      LOG_LEVEL: 'error',
      // As `npm start` and the container have it.
      MALLOC_ARENA_MAX: '2',
      // Requests come from one machine here.
      RATE_LIMITS: 'off',
      STORAGE_QUOTA: '1TiB',
      ...(program === 'regional' ? { GRAND_URL: `https://127.0.0.1:${GRAND_PORT}` } : {}),
    }
    const child = spawn(process.execPath, [join(BIN, `${program}.js`)], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#processes.set(name, child)
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => resolve())
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)))
    })
  }
}

export function urlOf(name: string): string {
  return `http://127.0.0.1:${portOf(name)}`
}

/** Waits until something holds, looking often; gives up after five minutes. */
export async function until(condition: () => Promise<boolean>, everyMs = 5): Promise<void> {
  const deadline = performance.now() + 300_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('waited for five minutes')
    await sleep(everyMs)
  }
}

function portOf(name: string): number {
  return FIRST_PORT + ['eu', 'us', 'ap'].indexOf(name)
}
