import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'

/** Time limit of a graceful exit; a server that exceeds it is killed and reported. */
const EXIT_TIMEOUT_MS = 60_000

/** Start timeout, generous for a loaded machine. */
const START_TIMEOUT_MS = 120_000

export interface ServerOptions {
  name: string
  /** Path of the built program. */
  program: string
  port: number
  dataDir: string
  env: Record<string, string>
  logFile: string
  /** Reports an unexpected exit or an exit code other than 0. */
  onFault: (fault: string) => void
}

/** A process of the built program that can be killed, suspended and restarted. */
export class Server {
  readonly #options: ServerOptions
  #child: ChildProcess | undefined

  constructor(options: ServerOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#options.name
  }

  get port(): number {
    return this.#options.port
  }

  get dataDir(): string {
    return this.#options.dataDir
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  /** Starts the server and waits until it is ready. @throws Error if it exits instead */
  async start(): Promise<void> {
    const { name, program, port, dataDir, env, logFile, onFault } = this.#options
    // NODE_OPTIONS would load the test runner into the server.
    const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, program], {
      env: {
        PATH: process.env['PATH'] ?? '',
        MALLOC_ARENA_MAX: '1',
        NAME: name,
        PORT: String(port),
        DATA_DIR: dataDir,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    let output = ''
    const serves = new Promise<boolean>((serving) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (chunk: string) => {
          appendFileSync(logFile, chunk)
          output = (output + chunk).slice(-2000)
          if (/ serves on /.test(output)) serving(true)
        })
      }
      child.once('exit', () => serving(false))
    })
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return
      this.#child = undefined
      onFault(`${name} exited unexpectedly (${signal ?? code}): ${output.slice(-600)}`)
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS)
    if (!(await serves)) throw new Error(`${name} does not start: ${output}`)
    clearTimeout(timer)
  }

  /** Sends SIGKILL and waits for the exit. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Sends SIGKILL without waiting. */
  killNow(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  /** Sends SIGTERM and waits for the exit. */
  async stop(): Promise<void> {
    const { name, onFault } = this.#options
    const code = await this.#end('SIGTERM')
    if (code !== 0) onFault(`${name} exited with ${code} after SIGTERM`)
  }

  /** Suspends the process (SIGSTOP). */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (child === undefined) return 0
    this.#child = undefined
    const exit = once(child, 'exit')
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_TIMEOUT_MS)
    const [code] = (await exit) as [number | null]
    clearTimeout(timer)
    return code
  }
}
