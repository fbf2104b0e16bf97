import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { Person } from './person.js'
import { until } from './until.js'

const PROGRAM = programOf('regional')

export function programOf(name: 'regional' | 'grand'): string {
  return fileURLToPath(new URL(`../../dist/bin/${name}.js`, import.meta.url))
}

export interface Shell {
  /** Shell redirections, such as `2>/dev/full`. */
  redirect?: string
  /** The user id to run as; needs root. */
  user?: number
}

/** The built program in a process of its own, for tests of signals, memory and file descriptors. */
export class ServerProcess {
  readonly #child: ChildProcess
  url = ''
  output = ''
  errors = ''

  constructor(env: Record<string, string>, program = PROGRAM, { redirect = '', user }: Shell = {}) {
    const prefix = user === undefined ? '' : `setpriv --reuid=${user} --regid=${user} --clear-groups`
    // NODE_OPTIONS would load tap into the server and count as its memory.
    this.#child = spawn(
      'sh',
      ['-c', `exec ${prefix} env -u NODE_OPTIONS "$0" "$1" ${redirect}`, process.execPath, program],
      {
        env: {
          PATH: process.env['PATH'] ?? '',
          PORT: '0',
          LOG_LEVEL: 'fatal',
          RATE_LIMITS: 'off',
          MIN_FREE_DISK: '0',
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.output += chunk
      this.url ||= /serves on (https?:\S+)/.exec(this.output)?.[1] ?? ''
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.errors += chunk
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get exitCode(): number | null {
    return this.#child.exitCode
  }

  get endSignal(): NodeJS.Signals | null {
    return this.#child.signalCode
  }

  /** Peak resident memory in bytes. */
  get peakBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
  }

  /** Pids of its child processes. */
  get children(): number[] {
    const { pid } = this.#child
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return list === '' ? [] : list.split(' ').map(Number)
  }

  async serves(): Promise<this> {
    await until('the server is ready or has exited', () => this.url !== '' || !this.isRunning)
    if (this.url === '') throw new Error(`the server exited: ${this.errors}`)
    return this
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for the exit; returns the exit code, or null after a signal. */
  async end(): Promise<number | null> {
    if (this.isRunning) await once(this.#child, 'close')
    return this.#child.exitCode
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.end()
  }

  person(username: string): Person {
    return new Person(() => this.url, username)
  }
}

/** Starts a server that is killed when the test ends. */
export function startServer(
  t: Test,
  env: Record<string, string>,
  program?: 'regional' | 'grand',
  shell?: Shell,
): ServerProcess {
  const server = new ServerProcess(env, program && programOf(program), shell)
  t.teardown(() => server.kill())
  return server
}
