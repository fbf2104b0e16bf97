import { argon2id, hash, needsRehash, verify } from 'argon2'
import pLimit from 'p-limit'
import { DomainError } from './errors.js'

/** OWASP Password Storage Cheat Sheet, minimum for argon2id: 19 MiB, 2 passes, 1 lane. */
const PARAMETERS = { type: argon2id, memoryCost: 19456, timeCost: 2, parallelism: 1 } as const

/** Concurrent hashes per process; each takes 19 MiB and a thread of libuv's pool. */
export const CONCURRENCY = 2

/** Hashes queued or running; further requests get a 503. */
const MAX_PENDING = 200

/** Computes password hashes in PHC format. Its queue is unbounded; `Passwords` bounds it. */
export interface PasswordHasher {
  hash(password: string): Promise<string>
  verify(phc: string, password: string): Promise<boolean>
}

/** One limit per process, like libuv's pool: two of its four threads stay free for disk I/O. */
const limit = pLimit(CONCURRENCY)

/** Hashes in this process, on libuv's threads. */
export const argon2: PasswordHasher = {
  hash: (password) => limit(() => hash(password, PARAMETERS)),
  verify: (phc, password) => limit(() => verify(phc, password)),
}

export type PasswordHashing = Pick<Passwords, 'hash' | 'verify' | 'isOutdated'>

export class Passwords {
  readonly #hasher: PasswordHasher
  #decoy: Promise<string> | undefined
  #pending = 0

  constructor(hasher = argon2) {
    this.#hasher = hasher
  }

  /** Computes the decoy hash that is verified for unknown accounts, so that they take the same time. Else the first login does. */
  prepare(): Promise<string> {
    this.#decoy ??= this.#hasher.hash('no account has this password')
    return this.#decoy
  }

  /** @returns the hash in PHC format @throws DomainError unavailable */
  async hash(password: string): Promise<string> {
    return this.#run(() => this.#hasher.hash(password.normalize('NFKC')))
  }

  /** Compares a password with a hash. Without a hash returns false after the same time. @throws DomainError unavailable */
  async verify(phc: string | undefined, password: string): Promise<boolean> {
    const decoy = await this.prepare()
    const expected = phc ?? decoy
    const matches = await this.#run(() => this.#hasher.verify(expected, password.normalize('NFKC')))
    return matches && phc !== undefined
  }

  /** Whether a hash was computed with parameters other than the current ones. */
  isOutdated(phc: string): boolean {
    return needsRehash(phc, PARAMETERS)
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#pending >= MAX_PENDING) {
      throw new DomainError('unavailable', 'Too many logins are in progress. Try again in a few seconds.', {
        retryAfterSeconds: 2,
      })
    }
    this.#pending += 1
    try {
      return await work()
    } finally {
      this.#pending -= 1
    }
  }
}
