/** Allows each key `quota` requests in `windowSeconds`. */
export interface Policy {
  name: string
  quota: number
  windowSeconds: number
}

/** Counted keys. Beyond it the oldest are evicted, so that an attacker with many addresses cannot fill memory. */
const MAX_KEYS = 100_000

/** The state of a key's quota after a request. */
export interface Allowance {
  refused: boolean
  remaining: number
  /** Until the whole quota is available again or, after a refusal, until the next request may succeed. */
  resetSeconds: number
}

/**
 * Counts requests in a sliding window, approximated by two fixed ones: the previous window's count is weighted by its
 * overlap with the sliding window. Needs two numbers a key, and allows no burst of twice the quota at window boundaries.
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

  /** Counts a request of the key, unless it is refused. */
  take(key: string, nowMs: number): Allowance {
    const windowMs = this.policy.windowSeconds * 1000
    this.#rotate(nowMs, windowMs)
    const elapsedMs = nowMs - this.#windowStart
    const current = this.#current.get(key) ?? 0
    const previous = this.#previous.get(key) ?? 0
    const weight = 1 - elapsedMs / windowMs
    const used = previous * weight + current + 1
    if (used > this.policy.quota) {
      const excess = used - this.policy.quota
      const resetMs = Math.min(previous > 0 ? (excess / previous) * windowMs : windowMs, windowMs - elapsedMs)
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
    // A clock that was set back starts a new window.
    this.#previous = windows === 1 ? this.#current : new Map()
    this.#current = new Map()
    this.#windowStart = windows > 0 ? this.#windowStart + windows * windowMs : nowMs
  }
}
