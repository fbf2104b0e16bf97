import { argon2id, hash, needsRehash, verify } from 'argon2'
import pLimit from 'p-limit'
import { DomainError } from './errors.js'

/** OWASP Password Storage Cheat Sheet, the first of its equivalent minimums for argon2id: 19 MiB, 2 passes, 1 lane. */
const PARAMETERS = { type: argon2id, memoryCost: 19456, timeCost: 2, parallelism: 1 } as const

/** Passwords being hashed at once, each with its 19 MiB and a thread. */
export const PARALLEL = 2

/** Passwords that may be on their way; more are asked to come back. */
const MAX_PENDING = 200

/** What computes hashes of passwords, in PHC format, and lets as many wait as it is given. */
export interface PasswordHasher {
  hash(password: string): Promise<string>
  verify(phc: string, password: string): Promise<boolean>
}

/** Of libuv's four threads two stay free for the disk. */
const limit = pLimit(PARALLEL)

/** In this process, in libuv's threads. */
export const argon2: PasswordHasher = {
  hash: (password) => limit(() => hash(password, PARAMETERS)),
  verify: (phc, password) => limit(() => verify(phc, password)),
}

/** The part of password hashing that accounts rest on. */
export type PasswordHashing = Pick<Passwords, 'hash' | 'verify' | 'isOutdated'>

export class Passwords {
  readonly #hasher: PasswordHasher
  #decoy: Promise<string> | undefined
  #pending = 0

  constructor(hasher = argon2) {
    this.#hasher = hasher
  }

  /** Makes what is checked where there is no account, so that its absence takes the same time. Else the first login does. */
  prepare(): Promise<string> {
    this.#decoy ??= this.#hasher.hash('no account has this password')
    return this.#decoy
  }

  /** @returns the password's hash in PHC format, with its parameters */
  async hash(password: string): Promise<string> {
    return this.#run(() => this.#hasher.hash(password.normalize('NFKC')))
  }

  /** Whether a password is the one behind `phc`; without a hash it is not, after the same time. */
  async verify(phc: string | undefined, password: string): Promise<boolean> {
    const decoy = await this.prepare()
    const known = phc ?? decoy
    const matches = await this.#run(() => this.#hasher.verify(known, password.normalize('NFKC')))
    return matches && phc !== undefined
  }

  /** Whether a hash was made with other parameters than today's. */
  isOutdated(phc: string): boolean {
    return needsRehash(phc, PARAMETERS)
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#pending >= MAX_PENDING) {
      throw new DomainError('unavailable', 'Too many passwords are being checked; try again soon.', {
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
