/** This server's clock: the machine's, plus an offset that the grand sets when the machine's clock is far off. */
export class SystemClock {
  readonly machineNow: () => number
  #offsetMs = 0

  constructor(machineNow: () => number) {
    this.machineNow = machineNow
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.machineNow() + this.#offsetMs
  }

  setOffset(ms: number): void {
    this.#offsetMs = ms
  }
}
