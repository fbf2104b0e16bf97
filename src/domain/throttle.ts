import type { Database } from '../db/engine/database.js'
import {
  addLoginFailure,
  clearLoginFailures,
  findLoginFailures,
  type OpenWindow,
} from '../db/regional/login-failures.js'
import { DomainError } from './errors.js'
import { MAX_STEP_BACK_MS } from './system-clock.js'

const WINDOW_MS = 15 * 60 * 1000

/** Failed logins per window to one account from one address. */
const MAX_FOR_ACCOUNT = 5

/** Failed logins per window from one address to any account. */
const MAX_FOR_ADDRESS = 50

interface Client {
  address: string
  /** Many users share the address, so it is not limited as a whole. */
  isShared: boolean
}

interface Limit {
  key: string
  maxFailures: number
}

interface InFlight {
  count: number
  released: Promise<void>
  release: () => void
}

export interface LoginThrottleDeps {
  db: Database
  now: () => number
}

/**
 * Rejects logins after too many failures. Failures are counted in the database, so a restart does not reset them, and by
 * account and address, so nobody can lock a user out from another address.
 */
export class LoginThrottle {
  readonly #deps: LoginThrottleDeps
  /** No more attempts run at once than may still fail, so parallel guesses gain nothing. */
  readonly #inFlight = new Map<string, InFlight>()

  constructor(deps: LoginThrottleDeps) {
    this.#deps = deps
  }

  /**
   * Runs one attempt.
   * @param account the account's id, or the name entered if there is no such account
   * @param verify checks the password
   * @returns the result of `verify`
   * @throws DomainError too-many-attempts
   */
  async attempt(
    account: string,
    { address, isShared }: Client,
    verify: () => Promise<boolean>,
  ): Promise<boolean> {
    const limits: [Limit, ...Limit[]] = [{ key: `${account} ${address}`, maxFailures: MAX_FOR_ACCOUNT }]
    if (!isShared) limits.push({ key: address, maxFailures: MAX_FOR_ADDRESS })
    await this.#acquire(limits)
    try {
      const isCorrect = await verify()
      await this.#recordOutcome(limits, isCorrect)
      return isCorrect
    } finally {
      for (const { key } of limits) this.#release(key)
    }
  }

  async #acquire(limits: Limit[]): Promise<void> {
    for (;;) {
      const blocking = limits
        .map((limit) => this.#attemptsToAwait(limit))
        .find((flight) => flight !== undefined)
      if (blocking === undefined) break
      await blocking.released
    }
    for (const { key } of limits) {
      const flight = this.#inFlight.get(key) ?? newInFlight()
      flight.count += 1
      this.#inFlight.set(key, flight)
    }
  }

  /** The attempts in flight, if the failure of all of them would reach the limit; undefined otherwise. */
  #attemptsToAwait({ key, maxFailures }: Limit): InFlight | undefined {
    const left = maxFailures - this.#countFailures(key, maxFailures)
    const flight = this.#inFlight.get(key)
    return flight !== undefined && flight.count >= left ? flight : undefined
  }

  #release(key: string): void {
    const flight = this.#inFlight.get(key) as InFlight
    const { release } = flight
    if (flight.count === 1) this.#inFlight.delete(key)
    else this.#inFlight.set(key, { ...newInFlight(), count: flight.count - 1 })
    release()
  }

  async #recordOutcome(limits: [Limit, ...Limit[]], isCorrect: boolean): Promise<void> {
    const [{ key }] = limits
    const now = this.#deps.now()
    const window = openWindow(now)
    const until = new Date(now + WINDOW_MS).toISOString()
    if (isCorrect && findLoginFailures(this.#deps.db, key, window) === undefined) return
    await this.#deps.db.write((tx) => {
      if (isCorrect) return clearLoginFailures(tx, key)
      for (const limit of limits) addLoginFailure(tx, limit.key, window, until)
    })
  }

  /** @throws DomainError too-many-attempts */
  #countFailures(key: string, maxFailures: number): number {
    const now = this.#deps.now()
    const row = findLoginFailures(this.#deps.db, key, openWindow(now))
    if (row !== undefined && row.failures >= maxFailures) {
      const retryAfterSeconds = Math.max(1, Math.ceil((Date.parse(row.until) - now) / 1000))
      throw new DomainError('too-many-attempts', 'Too many failed attempts. Try again later.', {
        retryAfterSeconds,
      })
    }
    return row?.failures ?? 0
  }
}

function openWindow(nowMs: number): OpenWindow {
  const latest = new Date(nowMs + WINDOW_MS + MAX_STEP_BACK_MS).toISOString()
  return { now: new Date(nowMs).toISOString(), latest }
}

function newInFlight(): InFlight {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { count: 0, released: promise, release: resolve }
}
