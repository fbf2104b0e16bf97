import { randomBytes } from 'node:crypto'
import { uuidv7 } from 'uuidv7'

/** Whatever is left to chance. The core asks for it here and nowhere else, so that a simulation can decide it by a seed. */
export interface Chance {
  /** From 0 up to, not including, 1. */
  fraction(): number
  /** Bytes that nobody can guess. */
  bytes(count: number): Buffer
  /** A new UUIDv7. */
  id(): string
}

export const systemChance: Chance = {
  fraction: () => Math.random(),
  bytes: (count) => randomBytes(count),
  id: () => uuidv7(),
}
