import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Readable } from 'node:stream'
import { until } from './until.js'

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM')
})

export interface ServerOptions {
  env?: NodeJS.ProcessEnv
  /** Receives standard error. */
  logFile: string
  /** Ready once this port accepts connections; without it, once standard output has a line. */
  port?: number
}

/** A server in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #command: string
  /** The first line of standard output, if it was awaited. */
  readonly banner: string

  private constructor(child: ChildProcess, command: string, banner: string) {
    this.#child = child
    this.#command = command
    this.banner = banner
  }

  /** Resolves once the server is ready. */
  static async start(command: string, args: string[], options: ServerOptions): Promise<ServerProcess> {
    const log = openSync(options.logFile, 'a')
    const child = spawn(command, args, { env: options.env ?? process.env, stdio: ['ignore', 'pipe', log] })
    running.add(child)
    const ended = once(child, 'exit').then(([code]) => {
      running.delete(child)
      throw new Error(
        `${command} exited with ${code}:\n${readFileSync(options.logFile, 'utf8').slice(-2000)}`,
      )
    })
    ended.catch(() => undefined)
    const { port } = options
    const stdout = child.stdout as Readable
    const serves =
      port === undefined
        ? once(stdout, 'data').then(([line]) => String(line).trim())
        : until(() => takesConnections(port)).then(() => '')
    const banner = await Promise.race([serves, ended])
    stdout.resume()
    return new ServerProcess(child, command, banner)
  }

  /** Peak resident memory of the server and its child processes, in MB. */
  peakMegabytes(): number {
    return this.#megabytes('VmHWM')
  }

  /** Current resident memory of the server and its child processes, in MB. */
  megabytes(): number {
    return this.#megabytes('VmRSS')
  }

  #megabytes(field: 'VmHWM' | 'VmRSS'): number {
    const { pid } = this.#child
    const started = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    // Child processes share the program text with the server, which counts it.
    const further = started.map((one) => kilobytes(one, field) - kilobytes(one, 'RssFile'))
    return further.reduce((sum, one) => sum + one, kilobytes(String(pid), field)) / 1024
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => {
      console.error(`${this.#command} does not exit and is killed`)
      this.#child.kill('SIGKILL')
    }, 20_000)
    await exit
    clearTimeout(timer)
  }
}

/** Reads a field of a process's status. */
function kilobytes(pid: string, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1])
}

/** Finds a free port of the loopback interface. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
