/**
 * The outcome of a write for its client. An `unknown` one, whose connection broke, may take effect now, later or never.
 */
export type Outcome = 'acknowledged' | 'refused' | 'unknown'

/** The time and outcome of a request. Times are milliseconds since 1970, from this machine's clock. */
export interface Attempt {
  began: number
  ended: number
  outcome: Outcome
}

interface Write<Value> {
  value: Value
  began: number
  /** It cannot take effect after this time. */
  ended: number
  /** Whether it certainly took effect. */
  isSure: boolean
}

/** Stamps count milliseconds, so a write that begins this long after a response has a higher stamp on every server. */
const MARGIN_MS = 2

/** A value with concurrent writers on several servers: the last write wins. */
export class Register<Value> {
  readonly #writes: Write<Value>[] = []

  /** @param first the initial value */
  constructor(...first: Value[]) {
    for (const value of first) this.#writes.push({ value, began: 0, ended: 0, isSure: true })
  }

  /** Records a write. With `isSure: false` even an acknowledged write may have had no effect. */
  note(value: Value, { began, ended, outcome }: Attempt, isSure = true): void {
    if (outcome === 'acknowledged') this.#writes.push({ value, began, ended, isSure })
    // The request may wait in a stopped server and take effect when that resumes.
    if (outcome === 'unknown')
      this.#writes.push({ value, began, ended: Number.POSITIVE_INFINITY, isSure: false })
  }

  /** The register as of a time: writes in flight may or may not take effect. */
  asOf(time: number): Register<Value> {
    const then = new Register<Value>()
    for (const write of this.#writes) {
      if (write.began >= time) continue
      const isDone = write.ended < time
      then.#writes.push(isDone ? write : { ...write, ended: Number.POSITIVE_INFINITY, isSure: false })
    }
    return then
  }

  /** The permitted final values: those of every write that no certain write certainly replaced. */
  permitted(): Set<Value> {
    const last = Math.max(...this.#writes.filter(({ isSure }) => isSure).map(({ began }) => began))
    return new Set(this.#writes.filter(({ ended }) => ended + MARGIN_MS >= last).map(({ value }) => value))
  }
}
