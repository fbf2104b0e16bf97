/** The server's time: the machine's clock, corrected by the grand's when it is far off. */
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
