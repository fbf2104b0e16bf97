import { createHash } from 'node:crypto'

/** A generator whose numbers follow from a name alone. */
export class SeededRandom {
  readonly #name: string
  #bytes = Buffer.alloc(0)
  #block = 0
  #at = 0

  constructor(name: string) {
    this.#name = name
  }

  uint32(): number {
    if (this.#at === this.#bytes.length) {
      this.#bytes = createHash('sha256').update(`${this.#name}/${this.#block}`).digest()
      this.#block += 1
      this.#at = 0
    }
    this.#at += 4
    return this.#bytes.readUInt32BE(this.#at - 4)
  }

  /** A number from 0 up to, but not including, 1. */
  fraction(): number {
    return this.uint32() / 2 ** 32
  }

  /** An integer from 0 up to, but not including, `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end)
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /** Picks a name with a probability proportional to its weight. */
  weighted(weights: Record<string, number>): string {
    const entries = Object.entries(weights)
    let at = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      at -= weight
      if (at < 0) return name
    }
    return entries.at(-1)?.[0] as string
  }

  /** A UUIDv7 for a time (RFC 9562 section 5.7). */
  uuid(atMs: number): string {
    const random = Array.from({ length: 3 }, () => this.uint32().toString(16).padStart(8, '0')).join('')
    const time = atMs.toString(16).padStart(12, '0')
    const variant = ((Number.parseInt(random.charAt(3), 16) & 3) | 8).toString(16)
    return [
      time.slice(0, 8),
      time.slice(8),
      `7${random.slice(0, 3)}`,
      `${variant}${random.slice(4, 7)}`,
      random.slice(7, 19),
    ].join('-')
  }
}
