import { systemTimers, type Timers } from '../lib/timers.js'

/** How far the clock may step back, as when it is corrected, and times that it gave before still count. */
export const MAX_STEP_BACK_MS = 60_000

/**
 * This server's clock: the machine's, plus an offset that the grand sets when the machine's clock is far off.
 *
 * It never falls behind the time that the grand has confirmed, whatever happens to the machine's clock. What expires on all
 * servers alike expires by the confirmed time alone: a server that is cut off, or whose clock is wrong, expires nothing.
 */
export class SystemClock {
  readonly machineNow: () => number
  readonly #timers: Pick<Timers, 'now'>
  #offsetMs = 0
  /** A confirmed time, and the monotonic time at which it was confirmed. */
  #confirmed: { ms: number; at: number } | undefined
  /** The confirmed time when the link ended; undefined while it lasts. */
  #frozenMs: number | undefined = 0

  constructor(machineNow: () => number, timers: Pick<Timers, 'now'> = systemTimers) {
    this.machineNow = machineNow
    this.#timers = timers
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Math.max(this.machineNow() + this.#offsetMs, this.#sinceConfirmed())
  }

  /** The time that the grand has confirmed, milliseconds since 1970; 0 for none. It stands still without a link. */
  confirmedNow(): number {
    return this.#frozenMs ?? this.#sinceConfirmed()
  }

  setOffset(ms: number): void {
    this.#offsetMs = ms
  }

  /** Takes the time of the grand's clock; until `unlink` the confirmed time goes on from there. */
  confirm(ms: number): void {
    this.restore(ms)
    this.#frozenMs = undefined
  }

  /** Takes a time that the grand confirmed before this process started. */
  restore(ms: number): void {
    this.#confirmed = { ms, at: this.#timers.now() }
    this.#frozenMs = ms
  }

  /** The link to the grand has ended. */
  unlink(): void {
    this.#frozenMs = this.confirmedNow()
  }

  #sinceConfirmed(): number {
    if (this.#confirmed === undefined) return 0
    const { ms, at } = this.#confirmed
    return Math.floor(ms + this.#timers.now() - at)
  }
}
