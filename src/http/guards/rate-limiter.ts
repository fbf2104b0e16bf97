/** How many requests one key may make: `quota` in each `windowSeconds`. */
export interface Policy {
  name: string
  quota: number
  windowSeconds: number
}

/** Keys that are counted at once; beyond it the oldest are forgotten, so that an attacker's many cannot fill memory. */
const MAX_KEYS = 100_000

/** What is left to one key after a request. */
export interface Allowance {
  refused: boolean
  remaining: number
  /** Until all of the quota is there again, or, after a refusal, until the next request may succeed. */
  resetSeconds: number
}

/**
 * Counts requests in a sliding window, approximated from two fixed ones: the count of the last window weighs as much as
 * of it still lies within the sliding one. Two numbers a key, and no burst of twice the quota where windows meet.
 */
export class RateLimiter {
  readonly policy: Policy
  #current = new Map<string, number>()
  #previous = new Map<string, number>()
  #windowStart: number

  constructor(policy: Policy, nowMs: number) {
    this.policy = policy
    this.#windowStart = nowMs
  }

  /** Counts one request of the key; a refused one is not counted. */
  take(key: string, nowMs: number): Allowance {
    const windowMs = this.policy.windowSeconds * 1000
    this.#rotate(nowMs, windowMs)
    const elapsedMs = nowMs - this.#windowStart
    const current = this.#current.get(key) ?? 0
    const previous = this.#previous.get(key) ?? 0
    const weight = 1 - elapsedMs / windowMs
    const used = previous * weight + current + 1
    if (used > this.policy.quota) {
      const untilRoom =
        previous > 0 ? ((used - this.policy.quota) / previous) * windowMs : windowMs - elapsedMs
      const resetMs = Math.min(untilRoom, windowMs - elapsedMs)
      return { refused: true, remaining: 0, resetSeconds: Math.max(1, Math.ceil(resetMs / 1000)) }
    }
    if (current === 0 && this.#current.size >= MAX_KEYS) {
      for (const oldest of this.#current.keys()) {
        this.#current.delete(oldest)
        break
      }
    }
    this.#current.set(key, current + 1)
    return {
      refused: false,
      remaining: Math.floor(this.policy.quota - used),
      resetSeconds: Math.ceil((windowMs - elapsedMs) / 1000),
    }
  }

  #rotate(nowMs: number, windowMs: number): void {
    const windows = Math.floor((nowMs - this.#windowStart) / windowMs)
    if (windows === 0) return
    // A clock that was set back starts the window anew.
    this.#previous = windows === 1 ? this.#current : new Map()
    this.#current = new Map()
    this.#windowStart = windows > 0 ? this.#windowStart + windows * windowMs : nowMs
  }
}
