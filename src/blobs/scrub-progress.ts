import type { Database, Reader } from '../db/engine/database.js'
import { readMeta, writeMeta } from '../db/meta.js'

/** The progress of the scrub, stored across restarts. */
interface ScrubProgress {
  /** The blob that was checked last; null after a complete scrub. */
  after: string | null
  /** Milliseconds since 1970. */
  at: number
}

/** Returns the blob after which to resume; undefined until `everyMs` after the end of the last scrub. */
export function scrubPosition(reader: Reader, now: number, everyMs: number): string | undefined {
  const stored = readMeta(reader, 'scrub')
  if (stored === undefined) return ''
  const { after, at } = JSON.parse(stored) as ScrubProgress
  if (after !== null) return after
  // If the clock was set back, the time since then is unknown: a scrub is due.
  return now - at >= everyMs || now < at ? '' : undefined
}

export function storeScrubProgress(db: Database, progress: ScrubProgress): Promise<void> {
  return db.write((tx) => writeMeta(tx, 'scrub', JSON.stringify(progress)))
}
