/** Peak memory in MB by server, over servers that are restarted in each round. */
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
