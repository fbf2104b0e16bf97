/** The time that this server acts by: its machine's, set right by the grand when that is far off. */
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
