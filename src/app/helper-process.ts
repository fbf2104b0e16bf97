/** Lets small uploads keep 0.78 of their rate beside logins, 0.38 without (bench row `logins`, on a busy machine). */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import type { Logger } from 'pino'
import { argon2, CONCURRENCY, type PasswordHasher } from '../domain/passwords.js'

/** The lowest priority: under full load the process gets a seventieth of a core. */
export const NICENESS = 19

/** Hashes a password, or compares it with `phc`. */
interface Hashing {
  password: string
  phc?: string
}

export type Job = Hashing & { id: number }

/** The result of a job, or the message of its error. */
export type Outcome = { id: number; value: string | boolean } | { id: number; fault: string }

interface Pending {
  job: Job
  resolve: (value: string | boolean) => void
  reject: (error: Error) => void
}

/**
 * Starts the program `bin/helper.ts` with the first job, and again after it has exited. If it exits, this process hashes
 * the pending passwords, so that no login fails.
 */
export class HelperProcess implements PasswordHasher, AsyncDisposable {
  readonly #program: string
  readonly #logger: Logger
  readonly #pending = new Map<number, Pending>()
  #child: ChildProcess | undefined
  #jobs = 0
  #isDisposed = false

  /** @param program path of the built program */
  constructor(program: string, logger: Logger) {
    this.#program = program
    this.#logger = logger
  }

  /** Undefined while the process does not run. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  hash(password: string): Promise<string> {
    return this.#request({ password }) as Promise<string>
  }

  verify(phc: string, password: string): Promise<boolean> {
    return this.#request({ password, phc }) as Promise<boolean>
  }

  /** Kills the process; resolves once it has exited. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    const child = this.#child
    this.#child = undefined
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  #request(work: Hashing): Promise<string | boolean> {
    return new Promise((resolve, reject) => {
      this.#jobs += 1
      const job = { id: this.#jobs, ...work }
      this.#pending.set(job.id, { job, resolve, reject })
      try {
        this.#send(job)
      } catch {
        this.#runHere(job.id)
      }
    })
  }

  /** @throws Error when no process can be started */
  #send(job: Job): void {
    if (this.#isDisposed) throw new Error('the server is closing')
    this.#child ??= this.#start()
    this.#child.channel?.ref()
    this.#child.send(job, (error) => {
      if (error !== null) this.#runHere(job.id)
    })
  }

  #start(): ChildProcess {
    const child = fork(this.#program, {
      // Passes on none of the server's environment. One thread per concurrent hash suffices.
      env: { UV_THREADPOOL_SIZE: String(CONCURRENCY) },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    lowerPriority(child)
    const ended = (error?: Error) => {
      if (this.#child !== child) return
      this.#child = undefined
      this.#logger.warn({ err: error }, 'the helper process has ended')
      for (const id of this.#pending.keys()) this.#runHere(id)
    }
    child.on('message', (outcome: Outcome) => this.#settle(outcome))
    child.once('error', ended)
    child.once('disconnect', ended)
    // The child keeps this process alive only while a job is pending.
    child.unref()
    return child
  }

  #settle(outcome: Outcome): void {
    const pending = this.#pending.get(outcome.id)
    this.#pending.delete(outcome.id)
    if (this.#pending.size === 0) this.#child?.channel?.unref()
    if ('value' in outcome) pending?.resolve(outcome.value)
    else pending?.reject(new Error(outcome.fault))
  }

  #runHere(id: number): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (pending === undefined) return
    const { job, resolve, reject } = pending
    hashOrVerify(job, argon2).then(resolve, reject)
  }
}

/** Must run right after the start: new threads inherit the priority. */
function lowerPriority({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, NICENESS)
  } catch {
    // Best effort: the process works at any priority.
  }
}

/** Runs a password job, in the helper process or in the server. */
export function hashOrVerify({ password, phc }: Hashing, hasher: PasswordHasher): Promise<string | boolean> {
  return phc === undefined ? hasher.hash(password) : hasher.verify(phc, password)
}
