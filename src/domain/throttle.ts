import type { Database } from '../db/engine/database.js'
import { addLoginFailure, clearLoginFailures, findLoginFailures } from '../db/regional/login-failures.js'
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

interface InFlight {
  count: number
  released: Promise<void>
  release: () => void
}

/**
 * Refuses logins after too many wrong ones. Counts are in the database, so a restart forgives nothing; they are by
 * account and address, so nobody can lock another person out from elsewhere.
 */
export class LoginThrottle {
  readonly #db: Database
  readonly #now: () => number
  /** Attempts under way: as many as could still fail may run at once, so that parallel guesses gain nothing. */
  readonly #inFlight = new Map<string, InFlight>()

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
    await this.#acquire(limits)
    try {
      const right = await verify()
      await this.#count(limits, right)
      return right
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

  /** The attempts under way whose outcome has to be awaited, since all of them failing would reach the limit. */
  #blocking({ key, most }: Limit): InFlight | undefined {
    const left = most - this.#failures(key, most)
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

  async #count(limits: [Limit, ...Limit[]], right: boolean): Promise<void> {
    const [{ key }] = limits
    const now = new Date(this.#now()).toISOString()
    const until = new Date(this.#now() + WINDOW_MS).toISOString()
    if (right && findLoginFailures(this.#db, key, now) === undefined) return
    await this.#db.write((tx) => {
      if (right) return clearLoginFailures(tx, key)
      for (const limit of limits) addLoginFailure(tx, limit.key, now, until)
    })
  }

  #failures(key: string, most: number): number {
    const now = this.#now()
    const row = findLoginFailures(this.#db, key, new Date(now).toISOString())
    if (row !== undefined && row.failures >= most) {
      const retryAfterSeconds = Math.max(1, Math.ceil((Date.parse(row.until) - now) / 1000))
      throw new DomainError('too-many-attempts', 'Too many wrong passwords; try again later.', {
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
