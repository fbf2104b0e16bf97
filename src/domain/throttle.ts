import type { Database } from '../db/engine/database.js'
import { addLoginFailure, clearLoginFailures, loginFailures } from '../db/regional/login-failures.js'
import { DomainError } from './errors.js'

const WINDOW_MS = 15 * 60 * 1000

/** Wrong passwords for one account from one address. */
const MAX_FOR_ACCOUNT = 5

/** Wrong passwords from one address, whatever the accounts. */
const MAX_FOR_ADDRESS = 50

/** Where attempts come from. */
interface Origin {
  address: string
  /** Many people come from it: then all of them are not shut out for what one does. */
  isShared: boolean
}

/** How many wrong passwords are too many. */
interface Limit {
  key: string
  most: number
}

interface Flight {
  count: number
  landed: Promise<void>
  land: () => void
}

/**
 * Refuses logins after too many wrong ones. Counts are in the database, so a restart forgives nothing; they are by
 * account and address, so nobody can lock another person out from elsewhere.
 */
export class LoginThrottle {
  readonly #db: Database
  readonly #now: () => number
  /** Attempts under way: as many as could still fail may run at once, so that parallel guesses gain nothing. */
  readonly #flights = new Map<string, Flight>()

  constructor(db: Database, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /**
   * Runs one attempt; `verify` tells whether the password was right.
   * @param account what stands for the account, whether it exists or not
   * @throws DomainError too-many-attempts
   */
  async attempt(
    account: string,
    { address, isShared }: Origin,
    verify: () => Promise<boolean>,
  ): Promise<boolean> {
    const limits: [Limit, ...Limit[]] = [{ key: `${account} ${address}`, most: MAX_FOR_ACCOUNT }]
    if (!isShared) limits.push({ key: address, most: MAX_FOR_ADDRESS })
    await this.#takeoff(limits)
    try {
      const right = await verify()
      await this.#count(limits, right)
      return right
    } finally {
      for (const { key } of limits) this.#land(key)
    }
  }

  async #takeoff(limits: Limit[]): Promise<void> {
    for (;;) {
      const full = limits.map((limit) => this.#full(limit)).find((flight) => flight !== undefined)
      if (full === undefined) break
      await full.landed
    }
    for (const { key } of limits) {
      const flight = this.#flights.get(key) ?? newFlight()
      flight.count += 1
      this.#flights.set(key, flight)
    }
  }

  /** The attempts under way whose outcome has to be awaited, since all of them failing would reach the limit. */
  #full({ key, most }: Limit): Flight | undefined {
    const left = most - this.#failures(key, most)
    const flight = this.#flights.get(key)
    return flight !== undefined && flight.count >= left ? flight : undefined
  }

  #land(key: string): void {
    const flight = this.#flights.get(key) as Flight
    const { land } = flight
    if (flight.count === 1) this.#flights.delete(key)
    else this.#flights.set(key, { ...newFlight(), count: flight.count - 1 })
    land()
  }

  async #count(limits: [Limit, ...Limit[]], right: boolean): Promise<void> {
    const [{ key }] = limits
    const now = new Date(this.#now()).toISOString()
    const until = new Date(this.#now() + WINDOW_MS).toISOString()
    if (right && loginFailures(this.#db, key, now) === undefined) return
    await this.#db.write((tx) => {
      if (right) return clearLoginFailures(tx, key)
      for (const limit of limits) addLoginFailure(tx, limit.key, now, until)
    })
  }

  #failures(key: string, most: number): number {
    const now = this.#now()
    const row = loginFailures(this.#db, key, new Date(now).toISOString())
    if (row !== undefined && row.failures >= most) {
      const retryAfterSeconds = Math.max(1, Math.ceil((Date.parse(row.until) - now) / 1000))
      throw new DomainError('too-many-attempts', 'Too many wrong passwords; try again later.', {
        retryAfterSeconds,
      })
    }
    return row?.failures ?? 0
  }
}

function newFlight(): Flight {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { count: 0, landed: promise, land: resolve }
}
