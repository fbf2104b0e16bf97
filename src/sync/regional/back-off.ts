const FIRST_MS = 100
const MAX_MS = 10_000

/**
 * How long to wait before a try: twice as long after each failure, up to ten seconds, and a random part of it, so that
 * many who lost the same peer do not come back all at once ("full jitter").
 * @param failures in a row, so far
 * @param random from 0 up to, not including, 1
 */
export function backOffMs(failures: number, random: number): number {
  if (failures === 0) return 0
  const longest = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures, 20))
  return longest * (0.5 + random / 2)
}
