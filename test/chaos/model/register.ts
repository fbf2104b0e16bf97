/** What a client was told of a write; `unknown` when the connection broke: it may be done, now or later, or not. */
export type Outcome = 'acknowledged' | 'refused' | 'unknown'

/** When a request was made and what came of it. Times are milliseconds since 1970, by the one clock of this machine. */
export interface Attempt {
  began: number
  ended: number
  outcome: Outcome
}

interface Write<Value> {
  value: Value
  began: number
  /** After this it is not done any more. */
  ended: number
  /** Whether it surely was done. */
  isSure: boolean
}

/** Stamps count milliseconds; what begins later than this after an answer bears a later stamp, on whichever server. */
const MARGIN_MS = 2

/** A value that several people write at several places, and that ends as one of those written last. */
export class Register<Value> {
  readonly #writes: Write<Value>[] = []

  /** @param first what it is from the beginning */
  constructor(...first: Value[]) {
    for (const value of first) this.#writes.push({ value, began: 0, ended: 0, isSure: true })
  }

  /** Notes a write. `isSure: false`: even when it is acknowledged it may have found nothing to do. */
  note(value: Value, { began, ended, outcome }: Attempt, isSure = true): void {
    if (outcome === 'acknowledged') this.#writes.push({ value, began, ended, isSure })
    // It may wait in a server that is stopped, and be done when that goes on.
    if (outcome === 'unknown')
      this.#writes.push({ value, began, ended: Number.POSITIVE_INFINITY, isSure: false })
  }

  /** As it was known at a time: what was under way then may be done or not. */
  asOf(time: number): Register<Value> {
    const then = new Register<Value>()
    for (const write of this.#writes) {
      if (write.began >= time) continue
      const isDone = write.ended < time
      then.#writes.push(isDone ? write : { ...write, ended: Number.POSITIVE_INFINITY, isSure: false })
    }
    return then
  }

  /** What it may be in the end: every value that no sure write surely followed. */
  lawful(): Set<Value> {
    const last = Math.max(...this.#writes.filter(({ isSure }) => isSure).map(({ began }) => began))
    return new Set(this.#writes.filter(({ ended }) => ended + MARGIN_MS >= last).map(({ value }) => value))
  }
}
