import { argon2id, hash, needsRehash, verify } from 'argon2'
import pLimit from 'p-limit'
import { DomainError } from './errors.js'

/** OWASP Password Storage Cheat Sheet, a minimum for argon2id: 19 MiB, 2 passes, 1 lane. */
const PARAMETERS = { type: argon2id, memoryCost: 19456, timeCost: 2, parallelism: 1 } as const

/** Concurrent hashes, each with 19 MiB and a thread. Two of libuv's four threads stay free for the disk. */
export const CONCURRENCY = 2

/** Pending passwords; further requests get 503. */
const MAX_PENDING = 200

/** Computes password hashes in PHC format. Its queue is unbounded. */
export interface PasswordHasher {
  hash(password: string): Promise<string>
  verify(phc: string, password: string): Promise<boolean>
}

const limit = pLimit(CONCURRENCY)

/** Hashes on libuv's threads of this process. */
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

  /** Computes the hash that is verified for unknown accounts, so that they take the same time. By default the first login does. */
  prepare(): Promise<string> {
    this.#decoy ??= this.#hasher.hash('no account has this password')
    return this.#decoy
  }

  /** @returns the password's hash in PHC format, with its parameters */
  async hash(password: string): Promise<string> {
    return this.#run(() => this.#hasher.hash(password.normalize('NFKC')))
  }

  /** Whether a password matches `phc`. Without a hash it takes the same time and is false. */
  async verify(phc: string | undefined, password: string): Promise<boolean> {
    const decoy = await this.prepare()
    const expected = phc ?? decoy
    const matches = await this.#run(() => this.#hasher.verify(expected, password.normalize('NFKC')))
    return matches && phc !== undefined
  }

  /** Whether a hash has outdated parameters. */
  isOutdated(phc: string): boolean {
    return needsRehash(phc, PARAMETERS)
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#pending >= MAX_PENDING) {
      throw new DomainError('unavailable', 'Too many logins at once. Try again in a few seconds.', {
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
