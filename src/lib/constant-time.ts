import { hash, timingSafeEqual } from 'node:crypto'

/** Compares two secrets by their hashes, so that the time depends neither on their lengths nor on a common prefix. */
export function equalInConstantTime(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}
