import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'

/** A server that does not end by itself then is killed, and that is a fault of its own. */
const END_MS = 60_000

/** Also on a machine that has much else to do. */
const START_MS = 120_000

export interface ServerOptions {
  name: string
  /** Path of the built program. */
  program: string
  port: number
  dataDir: string
  env: Record<string, string>
  logFile: string
  /** Told of what a server must not do: end by itself, or with another code than 0. */
  onFault: (fault: string) => void
}

/** One server of the built program, as a process that can be killed, stopped and started again. */
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

  /** Starts it and waits until it serves. @throws Error when it ends instead */
  async start(): Promise<void> {
    const { name, program, port, dataDir, env, logFile, onFault } = this.#options
    // Without what a test runner loads into every child.
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
      onFault(`${name} ended by itself (${signal ?? code}): ${output.slice(-600)}`)
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), START_MS)
    if (!(await serves)) throw new Error(`${name} does not start: ${output}`)
    clearTimeout(timer)
  }

  /** SIGKILL, and its end. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGKILL, without waiting. */
  forget(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  /** SIGTERM, and its end in good order. */
  async stop(): Promise<void> {
    const { name, onFault } = this.#options
    const code = await this.#end('SIGTERM')
    if (code !== 0) onFault(`${name} ended with ${code} after SIGTERM`)
  }

  /** Takes its turn away, and all its time stands still. */
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
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
    const [code] = (await exit) as [number | null]
    clearTimeout(timer)
    return code
  }
}
