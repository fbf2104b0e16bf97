import { createHash } from 'node:crypto'

/** A seeded generator (sfc32, Chris Doty-Humphrey's Small Fast Counter). */
export class SeededRandom {
  readonly #name: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(name: string) {
    this.#name = name
    const digest = createHash('sha256').update(name).digest()
    this.#a = digest.readInt32LE(0)
    this.#b = digest.readInt32LE(4)
    this.#c = digest.readInt32LE(8)
  }

  /** Derives an independent generator, so that draws elsewhere do not shift its numbers. */
  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.#name}/${name}`)
  }

  uint32(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result
    return result >>> 0
  }

  /** A number from 0 up to, but not including, 1. */
  fraction(): number {
    return this.uint32() / 2 ** 32
  }

  between(low: number, high: number): number {
    return low + this.fraction() * (high - low)
  }

  /** An integer from 0 up to, but not including, `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end)
  }

  happens(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /** Picks a name with a probability proportional to its weight. */
  weighted<Name extends string>(weights: Partial<Record<Name, number>>): Name {
    const entries = Object.entries(weights) as [Name, number][]
    let at = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      at -= weight
      if (at < 0) return name
    }
    return (entries.at(-1) as [Name, number])[0]
  }
}
