const FIRST_MS = 100
const MAX_MS = 10_000

/**
 * Returns the delay before the next attempt in milliseconds. It doubles with each failure up to ten seconds. Half of it is
 * random, so that clients of one server do not reconnect all at once.
 * @param failures consecutive failures so far
 * @param random at least 0 and less than 1
 */
export function backOffMs(failures: number, random: number): number {
  if (failures === 0) return 0
  const maxMs = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures, 20))
  return maxMs * (0.5 + random / 2)
}
