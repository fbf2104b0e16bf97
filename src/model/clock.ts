/**
 * Hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014) as one sortable string: 12 hex digits of
 * milliseconds since 1970, 4 hex digits of a counter, and the origin's name. Pure: the caller stores the last stamp, in
 * the transaction that uses it, and passes the time.
 */
export type Stamp = string

/** Sorts before every other stamp. */
export const ZERO_STAMP: Stamp = '000000000000-0000-'

const MAX_COUNTER = 0xffff

/**
 * Makes a stamp that is higher than every earlier one.
 * @param last the highest stamp that this server has made or observed
 * @param nowMs wall clock, milliseconds
 */
export function tick(last: Stamp, nowMs: number, origin: string): Stamp {
  const lastMs = millisecondsOf(last)
  if (nowMs > lastMs) return formatStamp(nowMs, 0, origin)
  const counter = Number.parseInt(last.slice(13, 17), 16) + 1
  return counter > MAX_COUNTER ? formatStamp(lastMs + 1, 0, origin) : formatStamp(lastMs, counter, origin)
}

/** The time of a stamp, in milliseconds since 1970. */
export function millisecondsOf(stamp: Stamp): number {
  return Number.parseInt(stamp.slice(0, 12), 16)
}

/** The name of the server that made a stamp. */
export function originOf(stamp: Stamp): string {
  return stamp.slice(18)
}

/** The later of two stamps. Observing a remote stamp only ever moves the local clock forward. */
export function later(a: Stamp, b: Stamp): Stamp {
  return a > b ? a : b
}

function formatStamp(ms: number, counter: number, origin: string): Stamp {
  return `${ms.toString(16).padStart(12, '0')}-${counter.toString(16).padStart(4, '0')}-${origin}`
}
