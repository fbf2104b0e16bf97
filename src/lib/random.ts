import { randomBytes, randomFillSync } from 'node:crypto'
import { V7Generator } from 'uuidv7'

/** Whatever is left to random. The core asks for it here and nowhere else, so that a simulation can decide it by a seed. */
export interface Random {
  /** From 0 up to, not including, 1. */
  fraction(): number
  /** Bytes that nobody can guess. */
  bytes(count: number): Buffer
  /** A new UUIDv7. */
  id(): string
}

/** Random numbers of 32 bits, many fetched at a time: an id then takes half as long. */
class RandomPool {
  readonly #numbers = new Uint32Array(256)
  #used = this.#numbers.length

  nextUint32(): number {
    if (this.#used === this.#numbers.length) {
      randomFillSync(this.#numbers)
      this.#used = 0
    }
    const next = this.#numbers[this.#used] as number
    this.#used += 1
    return next
  }
}

const ids = new V7Generator(new RandomPool())

export const systemRandom: Random = {
  fraction: () => Math.random(),
  bytes: (count) => randomBytes(count),
  id: () => ids.generate().toString(),
}
