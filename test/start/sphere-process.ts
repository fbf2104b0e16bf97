import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { newDataDir } from '../support/data-dir.js'
import { freePort } from '../support/free-port.js'
import { until } from '../support/until.js'

type Region = 'EU' | 'US' | 'AP' | 'GRAND'

/** `npm start`, or the program that it runs, with free ports and a temporary folder. */
export class SphereProcess {
  readonly env: Record<string, string>
  readonly #child: ChildProcess
  output = ''
  errors = ''

  constructor(command: readonly string[], env: Record<string, string>) {
    this.env = env
    const [program = '', ...args] = command
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
  }

  get isUp(): boolean {
    return this.output.includes('The sphere is up')
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async waitUntilUp(): Promise<void> {
    await until('the sphere is up or has exited', () => this.isUp || this.hasEnded, 60_000)
    if (!this.isUp) throw new Error(`the sphere exited: ${this.errors}`)
  }

  urlOf(region: Region): string {
    return `http://127.0.0.1:${this.env[`SYNCSPHERE_${region}_PORT`]}`
  }

  /** Processes with this sphere's folder in their environment, found by program. */
  processes(): { pid: number; program: string }[] {
    const own = `SYNCSPHERE_CERTS_DIR=${this.env['SYNCSPHERE_CERTS_DIR']}\0`
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/environ`))
      .flatMap((pid) => {
        try {
          if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(own)) return []
          const [, program] = /\/(\w+)\.js\0/.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? []
          return program === undefined ? [] : [{ pid: Number(pid), program }]
        } catch {
          // The process has exited meanwhile.
          return []
        }
      })
  }

  /** Child processes of the command. */
  children(): string[] {
    return readFileSync(`/proc/${this.#child.pid}/task/${this.#child.pid}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
  }

  pidOf(program: string): number {
    const found = this.processes().find((process) => process.program === program)
    if (found === undefined) throw new Error(`no process runs ${program}`)
    return found.pid
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for the exit; returns the exit code, or null after a signal. */
  async end(): Promise<number | null> {
    if (!this.hasEnded) await once(this.#child, 'close')
    return this.#child.exitCode
  }
}

/** Starts a sphere that is killed when the test ends. */
export async function startSphere(
  t: Test,
  { command = [process.execPath, 'dist/bin/sphere.js'], env = {} } = {},
): Promise<SphereProcess> {
  const folder = await newDataDir(t)
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const [grand, eu, us, ap] = ports.map(String) as [string, string, string, string]
  const sphere = new SphereProcess(command, {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    SYNCSPHERE_GRAND_PORT: grand,
    SYNCSPHERE_EU_PORT: eu,
    SYNCSPHERE_US_PORT: us,
    SYNCSPHERE_AP_PORT: ap,
    SYNCSPHERE_DATA_DIR: join(folder, 'data'),
    SYNCSPHERE_CERTS_DIR: join(folder, 'certs'),
    SYNCSPHERE_LOG_LEVEL: 'fatal',
    SYNCSPHERE_MIN_FREE_DISK: '0',
    ...env,
  })
  t.teardown(async () => {
    if (!sphere.hasEnded) sphere.kill('SIGTERM')
    try {
      await until('all processes have exited', () => sphere.processes().length === 0)
    } finally {
      for (const { pid } of sphere.processes()) process.kill(pid, 'SIGKILL')
    }
  })
  return sphere
}
