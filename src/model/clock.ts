/**
 * Hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014) as one sortable string:
 * 12 hex digits of milliseconds since 1970, 4 of a counter, the origin's name. Pure: the caller keeps the last stamp
 * (in its database, in the transaction that uses it) and tells the time.
 */
export type Stamp = string

/** Sorts before every other stamp. */
export const ZERO_STAMP: Stamp = '000000000000-0000-'

const MAX_COUNTER = 0xffff

/**
 * The next stamp after everything seen.
 * @param last the highest stamp seen or made here so far
 * @param nowMs wall clock, milliseconds
 */
export function tick(last: Stamp, nowMs: number, origin: string): Stamp {
  const lastMs = millisecondsOf(last)
  if (nowMs > lastMs) return formatStamp(nowMs, 0, origin)
  const counter = Number.parseInt(last.slice(13, 17), 16) + 1
  return counter > MAX_COUNTER ? formatStamp(lastMs + 1, 0, origin) : formatStamp(lastMs, counter, origin)
}

/** Milliseconds since 1970 of a stamp. */
export function millisecondsOf(stamp: Stamp): number {
  return Number.parseInt(stamp.slice(0, 12), 16)
}

/** Name of the server that made a stamp. */
export function originOf(stamp: Stamp): string {
  return stamp.slice(18)
}

/** The later of two stamps; seeing a remote stamp moves the own clock to it, never back. */
export function later(a: Stamp, b: Stamp): Stamp {
  return a > b ? a : b
}

function formatStamp(ms: number, counter: number, origin: string): Stamp {
  return `${ms.toString(16).padStart(12, '0')}-${counter.toString(16).padStart(4, '0')}-${origin}`
}
