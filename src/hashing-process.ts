/** Password hashing in a process of its own, which makes way for everything else that the server does. */
import { type ChildProcess, fork } from 'node:child_process'
import { setPriority } from 'node:os'
import type { Logger } from 'pino'
import { argon2, PARALLEL, type PasswordHasher } from './domain/passwords.js'

/** Beside work that takes all cores, the process gets a tenth of one. */
export const NICENESS = 10

/** A password to hash, or to compare with a hash. */
export interface Job {
  id: number
  password: string
  phc?: string
}

/** What became of it. */
export type Outcome = { id: number; value: string | boolean } | { id: number; fault: string }

interface Pending {
  job: Job
  resolve: (value: string | boolean) => void
  reject: (error: Error) => void
}

/**
 * Runs the program `bin/hasher.ts` from the first password on, and again when it has ended. What it leaves unanswered
 * then is done here: no login fails with it.
 */
export class HashingProcess implements PasswordHasher, Disposable {
  readonly #program: string
  readonly #logger: Logger
  readonly #pending = new Map<number, Pending>()
  #child: ChildProcess | undefined
  #jobs = 0

  /** @param program the built program's file */
  constructor(program: string, logger: Logger) {
    this.#program = program
    this.#logger = logger
  }

  /** The process, while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  hash(password: string): Promise<string> {
    return this.#ask({ password }) as Promise<string>
  }

  verify(phc: string, password: string): Promise<boolean> {
    return this.#ask({ password, phc }) as Promise<boolean>
  }

  [Symbol.dispose](): void {
    const child = this.#child
    this.#child = undefined
    if (child?.connected) child.disconnect()
  }

  #ask(work: Omit<Job, 'id'>): Promise<string | boolean> {
    return new Promise((resolve, reject) => {
      this.#jobs += 1
      const job = { id: this.#jobs, ...work }
      this.#pending.set(job.id, { job, resolve, reject })
      try {
        this.#send(job)
      } catch {
        this.#doHere(job.id)
      }
    })
  }

  /** @throws Error when no process can be started */
  #send(job: Job): void {
    this.#child ??= this.#start()
    this.#child.channel?.ref()
    this.#child.send(job, (error) => {
      if (error !== null) this.#doHere(job.id)
    })
  }

  #start(): ChildProcess {
    const child = fork(this.#program, {
      // Nothing of what the server was told. The next passwords wait in libuv's queue, so that no thread waits for them;
      // further arenas of the C library would keep what hashing takes.
      env: { UV_THREADPOOL_SIZE: String(PARALLEL), MALLOC_ARENA_MAX: '1' },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    makeWay(child)
    const ended = (error?: Error) => {
      if (this.#child !== child) return
      this.#child = undefined
      this.#logger.warn({ err: error }, 'the process that hashes passwords has ended')
      for (const id of this.#pending.keys()) this.#doHere(id)
    }
    child.on('message', (outcome: Outcome) => this.#answered(outcome))
    child.once('error', ended)
    child.once('disconnect', ended)
    // It keeps nobody alive who waits for no answer.
    child.unref()
    return child
  }

  #answered(outcome: Outcome): void {
    const pending = this.#pending.get(outcome.id)
    this.#pending.delete(outcome.id)
    if (this.#pending.size === 0) this.#child?.channel?.unref()
    if ('value' in outcome) pending?.resolve(outcome.value)
    else pending?.reject(new Error(outcome.fault))
  }

  #doHere(id: number): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (pending !== undefined) run(pending.job, argon2).then(pending.resolve, pending.reject)
  }
}

/** Right after the start: its threads take this over from the one that makes them. */
function makeWay({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, NICENESS)
  } catch {
    // Where that is not allowed it hashes all the same.
  }
}

/** Does a job, in whichever process. */
export function run({ password, phc }: Job, hasher: PasswordHasher): Promise<string | boolean> {
  return phc === undefined ? hasher.hash(password) : hasher.verify(phc, password)
}
