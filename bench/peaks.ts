/** The most memory of servers that are started anew in each round; MB by the name of the server. */
export class Peaks {
  readonly #peaks: Record<string, number> = {}

  note(megabytes: Record<string, number>): void {
    for (const [name, value] of Object.entries(megabytes)) {
      this.#peaks[name] = Math.max(this.#peaks[name] ?? 0, value)
    }
  }

  get(): Record<string, number> {
    return this.#peaks
  }
}
