import type { Database } from '../db/engine/database.js'
import { addLoginFailure, clearLoginFailures, findLoginFailures } from '../db/regional/login-failures.js'
import { DomainError } from './errors.js'

const WINDOW_MS = 15 * 60 * 1000

/** Wrong passwords for one account from one address. */
const MAX_FOR_ACCOUNT = 5

/** Wrong passwords from one address, whatever the accounts. */
const MAX_FOR_ADDRESS = 50

/** The client's address. */
interface Origin {
  address: string
  /** Many people share it, so that no limit by address applies. */
  isShared: boolean
}

/** The maximum number of failures under one key. */
interface Limit {
  key: string
  max: number
}

interface InFlight {
  count: number
  released: Promise<void>
  release: () => void
}

/**
 * Refuses logins after too many failures. The database has the counts, so a restart does not reset them. They are by account
 * and address, so nobody can lock out another person from elsewhere.
 */
export class LoginThrottle {
  readonly #db: Database
  readonly #now: () => number
  /** Attempts in flight, at most as many as may still fail, so that parallel guesses gain nothing. */
  readonly #inFlight = new Map<string, InFlight>()

  constructor(db: Database, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /**
   * Runs one attempt.
   * @param account id of the account, or the given name if none exists
   * @param verify resolves to whether the password is correct
   * @throws DomainError too-many-attempts
   */
  async attempt(
    account: string,
    { address, isShared }: Origin,
    verify: () => Promise<boolean>,
  ): Promise<boolean> {
    const limits: [Limit, ...Limit[]] = [{ key: `${account} ${address}`, max: MAX_FOR_ACCOUNT }]
    if (!isShared) limits.push({ key: address, max: MAX_FOR_ADDRESS })
    await this.#acquire(limits)
    try {
      const isCorrect = await verify()
      await this.#count(limits, isCorrect)
      return isCorrect
    } finally {
      for (const { key } of limits) this.#release(key)
    }
  }

  async #acquire(limits: Limit[]): Promise<void> {
    for (;;) {
      const blocking = limits.map((limit) => this.#blocking(limit)).find((flight) => flight !== undefined)
      if (blocking === undefined) break
      await blocking.released
    }
    for (const { key } of limits) {
      const flight = this.#inFlight.get(key) ?? newInFlight()
      flight.count += 1
      this.#inFlight.set(key, flight)
    }
  }

  /** The attempts in flight to wait for: if all of them failed, they would reach the limit. */
  #blocking({ key, max }: Limit): InFlight | undefined {
    const left = max - this.#failures(key, max)
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

  async #count(limits: [Limit, ...Limit[]], isCorrect: boolean): Promise<void> {
    const [{ key }] = limits
    const now = new Date(this.#now()).toISOString()
    const until = new Date(this.#now() + WINDOW_MS).toISOString()
    if (isCorrect && findLoginFailures(this.#db, key, now) === undefined) return
    await this.#db.write((tx) => {
      if (isCorrect) return clearLoginFailures(tx, key)
      for (const limit of limits) addLoginFailure(tx, limit.key, now, until)
    })
  }

  #failures(key: string, max: number): number {
    const now = this.#now()
    const row = findLoginFailures(this.#db, key, new Date(now).toISOString())
    if (row !== undefined && row.failures >= max) {
      const retryAfterSeconds = Math.max(1, Math.ceil((Date.parse(row.until) - now) / 1000))
      throw new DomainError('too-many-attempts', 'Too many failed logins. Try again later.', {
        retryAfterSeconds,
      })
    }
    return row?.failures ?? 0
  }
}

function newInFlight(): InFlight {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { count: 0, released: promise, release: resolve }
}
