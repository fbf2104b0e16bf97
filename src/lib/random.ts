import { randomBytes, randomFillSync } from 'node:crypto'
import { V7Generator } from 'uuidv7'

/** The core's only source of randomness, which simulations seed. HTTP takes ids of requests from `systemRandom` itself. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number
  /** Cryptographically secure random bytes. */
  bytes(count: number): Buffer
  /** A new UUIDv7. */
  id(): string
}

/** Fetches 32-bit random numbers 256 at a time, which halves the time that an id takes. */
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
